"""Which tokens tell who is meant: ID tokens that we signed, and nothing else (Core 3.1.2.1, RP-Initiated Logout 2)."""

from __future__ import annotations

import base64
import hmac
import json

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from idp.keys import KeyRing
from idp.oauth import hints
from idp.oauth.id_token import TYP
from idp.oauth.signing import LONGEST_TOKEN, sign

ISSUER = "http://idp.localhost:8000"
CLAIMS = {"iss": ISSUER, "sub": "somebody", "aud": "beijing", "sid": "one", "iat": 1, "exp": 2}


def segment(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


TWICE = segment(b'{"alg": "ES256", "alg": 1e999}')


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_an_id_token_of_ours_is_read_however_old_it_is_core_3_1_2_2(alg: str, keys: KeyRing) -> None:
    assert hints.read(keys, ISSUER, sign(keys, alg, TYP, CLAIMS)) == hints.Hint("beijing", "somebody", "one")


@pytest.mark.parametrize(
    "changed",
    [{"iss": "http://other.localhost"}, {"aud": ["beijing"]}, {"aud": None}, {"sub": 7}, {"sid": 7}],
    ids=str,
)
def test_a_token_with_other_claims_than_our_id_tokens_have_is_no_hint(
    changed: dict[str, object], keys: KeyRing
) -> None:
    assert hints.read(keys, ISSUER, sign(keys, "ES256", TYP, {**CLAIMS, **changed})) is None


def test_an_id_token_of_a_client_that_is_not_told_of_log_outs_has_no_sid_and_is_a_hint(keys: KeyRing) -> None:
    without = {name: value for name, value in CLAIMS.items() if name != "sid"}
    assert hints.read(keys, ISSUER, sign(keys, "ES256", TYP, without)) == hints.Hint("beijing", "somebody", None)


def test_a_token_that_is_ours_but_too_long_is_no_hint(keys: KeyRing) -> None:
    assert hints.read(keys, ISSUER, sign(keys, "ES256", TYP, {**CLAIMS, "nonce": "x" * 2000})) is not None
    assert hints.read(keys, ISSUER, sign(keys, "ES256", TYP, {**CLAIMS, "nonce": "x" * LONGEST_TOKEN})) is None


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "jwt", ""])
def test_an_access_or_logout_token_of_ours_is_no_hint_rfc8725_3_11(typ: str, keys: KeyRing) -> None:
    assert hints.read(keys, ISSUER, sign(keys, "ES256", typ, CLAIMS)) is None


def test_a_signed_answer_of_userinfo_is_no_hint_rfc8725_3_12(keys: KeyRing) -> None:
    signed = {name: value for name, value in CLAIMS.items() if name != "exp"}
    assert hints.read(keys, ISSUER, sign(keys, "ES256", TYP, signed)) is None


def test_a_token_signed_by_somebody_elses_key_under_our_kid_is_no_hint(keys: KeyRing) -> None:
    kid = keys.signing("ES256").kid
    forged = jws.serialize_compact(
        {"alg": "ES256", "typ": TYP, "kid": kid}, json.dumps(CLAIMS).encode(), ECKey.generate_key("P-256")
    )
    assert hints.read(keys, ISSUER, forged) is None


def test_a_token_whose_claims_were_changed_is_no_hint(keys: KeyRing) -> None:
    header, _, signature = sign(keys, "ES256", TYP, CLAIMS).split(".")
    assert hints.read(keys, ISSUER, f"{header}.{segment({**CLAIMS, 'sub': 'other'})}.{signature}") is None


def test_the_public_key_is_no_hmac_secret_rfc8725_2_1(keys: KeyRing) -> None:
    key = keys.signing("RS256")
    signed = segment({"alg": "HS256", "typ": TYP, "kid": key.kid}) + "." + segment(CLAIMS)
    mac = hmac.digest(key.as_pem(private=False), signed.encode(), "sha256")
    assert hints.read(keys, ISSUER, f"{signed}.{segment(mac)}") is None


@pytest.mark.parametrize("alg", ["none", "HS256", "ES256K", "RS256"])
def test_the_key_decides_the_algorithm_not_the_header_rfc8725_3_1(alg: str, keys: KeyRing) -> None:
    _, payload, signature = sign(keys, "ES256", TYP, CLAIMS).split(".")
    header = segment({"alg": alg, "typ": TYP, "kid": keys.signing("ES256").kid})
    assert hints.read(keys, ISSUER, f"{header}.{payload}.{signature}") is None
    assert hints.read(keys, ISSUER, f"{header}.{payload}.") is None


@pytest.mark.parametrize(
    "token",
    [
        "", ".", "..", "...", "a.b.c", "\u4e2d.\u6587.\u5b57", "e30.e30.e30", f"{segment([])}.e30.e30",
        f"{segment('text')}.e30.e30", f"{segment(None)}.e30.e30", f"{segment(7)}.e30.e30", "bnVs.e30.e30",
        f"{segment(b'[' * 5000)}.e30.e30", f"{segment({'alg': ['ES256'], 'typ': TYP})}.e30.e30",
        f"{segment({'alg': 'ES256', 'typ': TYP, 'kid': {}})}.e30.e30",
        f"{segment({'alg': 'ES256', 'typ': [TYP], 'kid': 'x'})}.e30.e30", "x" * 100_000, "e30.e30.e30\n",
        TWICE + ".e30.e30", f"{segment(bytes(range(256)))}.e30.e30",
    ],
)  # fmt: skip
def test_what_is_no_token_at_all_is_no_hint(token: str, keys: KeyRing) -> None:
    assert hints.read(keys, ISSUER, token) is None


def test_junk_after_our_kid_is_no_hint(keys: KeyRing) -> None:
    header = segment({"alg": "ES256", "typ": TYP, "kid": keys.signing("ES256").kid})
    for rest in ("e30.", "e30.e30", "!.!", f"{segment([1])}.{segment(b'0' * 64)}", f"bnVs.{segment(b'0' * 64)}"):
        assert hints.read(keys, ISSUER, f"{header}.{rest}") is None


@pytest.mark.parametrize("payload", [b"[]", b"null", b"7", b"not json", b"\xff\xfe"])
def test_a_payload_that_is_no_object_is_no_hint_even_under_our_signature(payload: bytes, keys: KeyRing) -> None:
    key = keys.signing("ES256")
    token = jws.serialize_compact({"alg": "ES256", "typ": TYP, "kid": key.kid}, payload, key)
    assert hints.read(keys, ISSUER, token) is None
