"""judge never raises, whatever comes in, and accepts nothing that the provider did not sign."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portals.token_parts import Malformed, decode_segment
from portals.verdict import CHECKS, UNDECIDED, Use, Verdict, VerificationKeys, judge
from tests.portals.verdicts.signer import encode, good_claims, good_header, good_token, to_json
from tests.portals.verdicts.visit import FACTS, KEYS, SIGNERS, USES, in_session

SIGNER = SIGNERS["ES256"]
CODES = {code for check in CHECKS for code in check.failures}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
NAMES = (
    "alg",
    "kid",
    "typ",
    "crit",
    "jwk",
    "iss",
    "aud",
    "exp",
    "nbf",
    "iat",
    "sub",
    "sid",
    "nonce",
    "acr",
    "events",
    "azp",
)
use_of = st.sampled_from(USES)


def _refused(verdict: Verdict) -> bool:
    assert verdict.code in CODES
    assert all(finding.found.isascii() and finding.expected.isascii() for finding in verdict.findings)
    json.dumps([dict(verdict.header), dict(verdict.claims)], ensure_ascii=False).encode("utf-8")
    return not verdict.accepted


@given(token=st.binary(max_size=400) | st.text(max_size=400), use=use_of)
@settings(deadline=None)
def test_any_bytes_and_any_text_are_refused(token: bytes | str, use: Use) -> None:
    assert _refused(judge(token, in_session(use), KEYS))


@given(parts=st.lists(st.binary(max_size=60), min_size=1, max_size=6), use=use_of)
@settings(deadline=None)
def test_any_segments_are_refused(parts: list[bytes], use: Use) -> None:
    assert _refused(judge(".".join(encode(part) for part in parts), in_session(use), KEYS))


@given(header=JSON, claims=JSON, use=use_of)
@settings(deadline=None)
def test_any_signed_json_is_refused(header: Any, claims: Any, use: Use) -> None:
    assert _refused(judge(SIGNER.raw(to_json(header), to_json(claims)), in_session(use), KEYS))


@given(name=st.sampled_from(NAMES), value=JSON, use=use_of)
@settings(max_examples=150, deadline=None)
def test_any_value_of_a_known_name_gets_a_verdict(name: str, value: Any, use: Use) -> None:
    in_header = name in ("alg", "kid", "typ", "crit", "jwk")
    header = {**good_header(use, SIGNER), **({name: value} if in_header else {})}
    claims = {**good_claims(use, FACTS), **({} if in_header else {name: value})}
    verdict = judge(SIGNER.token(header, claims), in_session(use), KEYS)
    assert verdict.accepted or _refused(verdict)
    assert verdict.code != UNDECIDED


@given(place=st.integers(0, 2000), replacement=st.binary(min_size=0, max_size=3), use=use_of)
@settings(max_examples=150, deadline=None)
def test_any_altered_byte_is_noticed(place: int, replacement: bytes, use: Use) -> None:
    good = good_token(use, SIGNER, FACTS).encode()
    place %= len(good)
    altered = good[:place] + replacement + good[place + 1 :]
    if altered != good:
        assert _refused(judge(altered, in_session(use), KEYS))


@given(document=JSON | st.fixed_dictionaries({"keys": st.lists(st.fixed_dictionaries(
    {"kid": st.just(SIGNER.kid), "kty": st.sampled_from(["EC", "RSA", "oct"]) | JSON},
    optional={"crv": st.just("P-256") | JSON, "x": JSON, "y": JSON, "n": JSON, "e": JSON, "use": JSON, "alg": JSON},
), max_size=3)}))  # fmt: skip
@settings(deadline=None)
def test_no_document_breaks_the_reading_of_keys(document: Any) -> None:
    keys = VerificationKeys.from_jwks(document)
    assert _refused(judge(good_token("id_token", SIGNER, FACTS), in_session("id_token"), keys))


@given(segment=st.binary(max_size=40))
@settings(deadline=None)
def test_a_segment_has_one_spelling_only(segment: bytes) -> None:
    assert decode_segment(encode(segment).encode(), "segment") == segment
    try:
        decoded = decode_segment(segment, "segment")
    except Malformed:
        return
    assert encode(decoded).encode() == segment


@pytest.mark.parametrize(
    "token",
    [
        None, 7, [], {}, b"", "", b"\x00", "\ud800", b"\xff" * 9000, "a" * 1_000_000, "." * 8192, "." * 1_000_000,
        "[" * 8000, bytearray(b"a.b.c"), "a.b.c", "..", "{}.{}.{}", "eyJ" + "9" * 8000 + "..",
        encode(b"[" * 6000) + "..", encode(b'{"a":' * 1200) + "..", encode(b'{"n":' + b"9" * 5000 + b"}") + "..",
    ],
    ids=lambda token: repr(token)[:30],
)  # fmt: skip
def test_strange_things_are_refused(token: Any) -> None:
    for use in USES:
        assert _refused(judge(token, in_session(use), KEYS))
