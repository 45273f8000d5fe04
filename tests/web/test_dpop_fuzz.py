"""read_proof answers with a Proof or BadProof, whatever comes in, and with a Proof only for what the key signed."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.web.dpop_signer import EC_KEY, METHOD, NOW, URL, claims_of, header_of, key_of, public, signed
from web.dpop import ALGORITHMS, BadProof, Proof, read_proof

BASE64URL = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
PROOFS = {alg: signed(header_of(alg), claims_of(), alg=alg) for alg in ALGORITHMS}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["\ud800", "ES256", "P-256", "sig", METHOD, URL, int(NOW), public(EC_KEY)]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


def answer(*headers: str, **request: Any) -> Proof | None:
    try:
        return read_proof(headers, **{"method": METHOD, "url": URL, "now": NOW, "access_token": None, **request})
    except BadProof:
        return None


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_no_character_of_a_proof_can_be_changed(alg: str) -> None:
    proof = PROOFS[alg]
    assert answer(proof)
    for place, character in enumerate(proof):
        # The nearest, which may differ in unused bits alone; one far away; what does not belong there; and none.
        near = BASE64URL[BASE64URL.index(character) ^ 1] if character != "." else "-"
        far = BASE64URL[BASE64URL.index(character) ^ 32] if character != "." else "A"
        for other in (near, far, ".", "=", ""):
            assert other == character or answer(proof[:place] + other + proof[place + 1 :]) is None


@given(st.lists(st.text(max_size=60) | st.text(BASE64URL + ".=", max_size=200), max_size=2))
@settings(deadline=None, derandomize=True)
def test_any_headers_are_refused(headers: list[str]) -> None:
    assert answer(*headers) is None


@given(st.text(max_size=60), st.text(max_size=60))
@settings(deadline=None, derandomize=True)
def test_any_texts_that_are_signed_are_refused(header: str, claims: str) -> None:
    assert answer(signed(header, claims)) is None


@given(
    st.dictionaries(st.sampled_from(["typ", "alg", "jwk", "crit", "b64", "kid", "x"]), VALUES, max_size=2),
    st.dictionaries(st.sampled_from([*claims_of(), "ath", "nonce", "exp", "nbf"]), VALUES, max_size=3),
    st.none() | st.text(st.characters(), max_size=10),
)
@settings(deadline=None, derandomize=True, max_examples=150)
def test_any_members_are_read_or_refused(header: dict[str, Any], claims: dict[str, Any], token: str | None) -> None:
    proof = answer(signed(header_of(**header), claims_of(**claims)), access_token=token)
    if proof is not None:
        assert (proof.jkt, abs(proof.iat - NOW) < 100) == (EC_KEY.thumbprint(), True)
        assert proof.jti.isprintable()
        assert proof.nonce is None or proof.nonce.isascii()


@given(
    st.sampled_from(ALGORITHMS),
    st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "n", "e", "d", "use", "alg", "key_ops", "kid"]),
        VALUES | st.text(BASE64URL, max_size=90),
        min_size=1,
        max_size=3,
    ),
)
@settings(deadline=None, derandomize=True)
def test_any_key_is_read_or_refused(alg: str, members: dict[str, Any]) -> None:
    proof = answer(signed(header_of(alg, jwk={**public(key_of(alg)), **members}), claims_of(), alg=alg))
    assert proof is None or proof.jkt == key_of(alg).thumbprint()
