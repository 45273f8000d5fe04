"""Which keys of a client's JWK Set can have made a signature: the others are passed over (RFC 7517 5, RFC 8725 3.1)."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey

from idp.oauth.client_key_set import MOST_KEYS, keys_for
from tests.portal_client import client_key
from web.base64url import encode

EC: dict[str, Any] = {**client_key("ES256", "ec").as_dict(private=False), "alg": "ES256"}
RSA: dict[str, Any] = {**client_key("RS256", "rsa").as_dict(private=False), "alg": "RS256"}
OKP: dict[str, Any] = client_key("EdDSA", "okp").as_dict(private=False)


def found(keys: list[Any], alg: str, kid: object = None) -> list[str | None]:
    key_set = keys_for({"keys": keys}, alg, kid)
    return [] if key_set is None else [key.kid for key in key_set.keys]


def without(key: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name not in names}


@pytest.mark.parametrize(("alg", "kid"), [("ES256", "ec"), ("RS256", "rsa"), ("EdDSA", "okp")])
def test_of_a_mixed_set_the_key_of_the_algorithm_is_found(alg: str, kid: str) -> None:
    assert found([EC, RSA, OKP], alg) == found([EC, RSA, OKP], alg, kid) == [kid]
    assert found([EC, RSA, OKP], alg, "unknown") == []


def test_a_key_need_not_say_what_it_is_for_rfc7517_4() -> None:
    assert found([without(EC, "use", "alg")], "ES256") == ["ec"]
    assert found([without(RSA, "use", "alg")], "PS256") == ["rsa"]
    assert found([{**OKP, "alg": "Ed25519"}], "EdDSA") == ["okp"]


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        ({**EC, "use": "enc"}, "ES256"),
        ({**EC, "use": None}, "ES256"),
        ({**EC, "alg": "ES384"}, "ES256"),
        ({**EC, "kty": "RSA"}, "ES256"),
        ({**EC, "kty": ["EC"]}, "ES256"),
        ({**EC, "kid": 7}, "ES256"),
        ({**EC, "x": "AQAB"}, "ES256"),
        ({**RSA, "kid": "ec"}, "PS256"),
        ({**without(EC, "alg"), "kid": "ec", **ECKey.generate_key("P-384").as_dict(private=False)}, "ES256"),
        ({**OKPKey.generate_key("Ed448").as_dict(private=False), "kid": "ec"}, "EdDSA"),
        (EC, "HS256"),
        (EC, "none"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.get('kty')} {value.get('use')} {value.get('alg')}",
)
def test_a_key_for_something_else_is_passed_over(key: dict[str, Any], alg: str) -> None:
    assert found([key], alg, "ec") == []
    assert found([key, {**EC, "kid": "ec"}], "ES256", "ec")[-1:] == ["ec"]


@pytest.mark.filterwarnings("ignore:Key size should be")
@pytest.mark.parametrize(("bits", "usable"), [(2047, False), (2048, True), (8192, True), (8193, False)])
def test_an_rsa_key_is_neither_short_nor_endless(bits: int, usable: bool) -> None:
    modulus = (1 << (bits - 1)) + 1
    key = {**RSA, "n": encode(modulus.to_bytes((bits + 7) // 8, "big"))}
    assert found([key], "RS256") == (["rsa"] if usable else [])


def test_no_more_keys_are_looked_at_than_so_many() -> None:
    others = [{**EC, "kid": f"k{number}"} for number in range(MOST_KEYS - 1)]
    assert found([*others, EC], "ES256", "ec") == ["ec"]
    assert found([*others, RSA, EC], "ES256", "ec") == []
