"""The JWK Set of a client at registration: public keys that can be used, and nothing else (RFC 7517, RFC 7591 2)."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.oauth.client_metadata_keys import MOST_KEYS, public_keys
from idp.oauth.client_metadata_shapes import BadMetadata
from tests.portal_client import client_key
from web.base64url import encode

EC = client_key("ES256", "ec").as_dict(private=False)
RSA = client_key("RS256", "rsa").as_dict(private=False)
OKP = client_key("EdDSA", "okp").as_dict(private=False)
MODULUS = RSA["n"]


def test_keys_of_the_known_kinds_are_kept() -> None:
    assert public_keys({"keys": [EC, RSA, OKP]}) == {"keys": [EC, RSA, OKP]}


def test_a_key_without_kid_use_and_alg_is_a_key_rfc7517_4() -> None:
    bare = [{name: key[name] for name in key if name not in ("kid", "use", "alg")} for key in (EC, RSA, OKP)]
    assert public_keys({"keys": bare}) == {"keys": bare}


def test_members_that_no_verifier_needs_are_left_out() -> None:
    assert public_keys({"keys": [{**EC, "x5c": ["x" * 9000], "unknown": {}}], "unknown": 1}) == {"keys": [EC]}


@pytest.mark.parametrize(
    "key",
    [
        ECKey.generate_key("P-256").as_dict(private=True),
        OKPKey.generate_key("Ed25519").as_dict(private=True),
        RSAKey.generate_key(2048).as_dict(private=True),
        {"kty": "oct", "k": "c2VjcmV0"},
        *({**RSA, name: "AQAB"} for name in ("d", "p", "q", "dp", "dq", "qi", "oth", "k")),
    ],
    ids=lambda key: f"{key['kty']} {sorted(set(key) - set(RSA))}",
)
def test_a_private_or_symmetric_key_is_refused(key: dict[str, Any]) -> None:
    with pytest.raises(BadMetadata, match="private or symmetric"):
        public_keys({"keys": [EC, key]})


# Half of all moduli cut short are odd, so that the key can be read, and joserfc warns of it.
@pytest.mark.filterwarnings("ignore:Key size should be")
@pytest.mark.parametrize(
    "change",
    [
        {"kty": None},
        {"kty": "DH"},
        {"kty": 7},
        {"kty": ["RSA"]},
        {"n": None},
        {"e": None},
        {"n": 7},
        {"n": ""},
        {"n": "not base64url!"},
        {"n": "é"},
        {"n": MODULUS[:170]},  # 1020 bits
        {"n": MODULUS + MODULUS + MODULUS},  # 6144 bits
        {"n": MODULUS * 100},
        {"e": "AQ"},  # 1
        {"e": "Ag"},  # 2
        {"e": MODULUS[:40]},
        {"use": "other"},
        {"use": 7},
        {"kid": 7},
        {"kid": ""},
        {"kid": "é"},
        {"kid": "a\x00"},
        {"kid": "x" * 1025},
        {"alg": {}},
    ],
    ids=lambda change: " ".join(f"{name} {type(value).__name__} {len(str(value))}" for name, value in change.items()),
)
def test_a_key_that_is_wrong_in_one_way_is_refused(change: dict[str, Any]) -> None:
    key = {name: value for name, value in {**RSA, **change}.items() if value is not None}
    with pytest.raises(BadMetadata, match=r"^jwks "):
        public_keys({"keys": [key]})


@pytest.mark.filterwarnings("ignore:Key size should be")
@pytest.mark.parametrize(
    ("n_bits", "e_bits", "taken"),
    [(1024, 17, False), (2047, 17, False), (2048, 17, True), (4096, 32, True), (4097, 17, False), (2048, 33, False)],
)
def test_an_rsa_key_holds_long_enough_and_is_checked_in_bounded_time_rfc7518_3_3(
    n_bits: int, e_bits: int, taken: bool
) -> None:
    numbers = {name: encode_int((1 << (bits - 1)) + 1) for name, bits in (("n", n_bits), ("e", e_bits))}
    if taken:
        assert public_keys({"keys": [{**RSA, **numbers}]}) == {"keys": [{**RSA, **numbers}]}
    else:
        with pytest.raises(BadMetadata, match="2048 to 4096 bits"):
            public_keys({"keys": [{**RSA, **numbers}]})


def encode_int(value: int) -> str:
    return encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@pytest.mark.parametrize(
    "key",
    [
        {**EC, "x": EC["y"], "y": EC["x"]},  # not on the curve
        {**EC, "crv": "P-384"},
        {**EC, "crv": "secp256k1"},
        {**EC, "crv": "Ed25519"},
        {name: EC[name] for name in EC if name != "y"},
        {**OKP, "crv": "P-256"},
        {**OKP, "x": "AQAB"},
        {name: OKP[name] for name in OKP if name != "crv"},
    ],
    ids=lambda key: f"{key['kty']} {key.get('crv')}",
)
def test_a_key_that_is_no_point_of_its_curve_is_refused(key: dict[str, Any]) -> None:
    with pytest.raises(BadMetadata, match=r"^jwks "):
        public_keys({"keys": [key]})


@pytest.mark.parametrize("kty", ["DH", "oct", "AKP", "rsa", "", 7, None, ["RSA"]], ids=repr)
def test_keys_of_other_kinds_are_told_which_there_are_rfc7517_4_1(kty: Any) -> None:
    with pytest.raises(BadMetadata, match="kty RSA, EC or OKP"):
        public_keys({"keys": [{**RSA, "kty": kty}]})


def test_a_key_on_a_curve_that_is_not_offered_is_refused_rfc7518_6_2_1_1() -> None:
    with pytest.raises(BadMetadata, match="unknown crv"):
        public_keys({"keys": [ECKey.generate_key("secp256k1").as_dict(private=False)]})


def test_keys_are_so_many_and_each_kid_is_one_keys_rfc7517_4_5() -> None:
    keys = [{**EC, "kid": str(number)} for number in range(MOST_KEYS)]
    assert len(public_keys({"keys": keys})["keys"]) == MOST_KEYS
    for wrong in ([*keys, RSA], [EC, {**RSA, "kid": EC["kid"]}], []):
        with pytest.raises(BadMetadata, match=r"^jwks "):
            public_keys({"keys": wrong})
