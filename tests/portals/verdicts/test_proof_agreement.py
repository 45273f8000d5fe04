"""The verdict on a DPoP proof agrees with PyJWT and joserfc, with the rest of RFC 9449 4.3 written out beside them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jwt as pyjwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt as rfc_jwt
from joserfc.errors import JoseError
from joserfc.jwk import import_key
from joserfc.jws import JWSRegistry

from portals.verdict import judge
from tests.portals.verdicts.proofs import ProofMaker, ath, jkt, wrong_proofs
from tests.portals.verdicts.signer import good_token
from tests.portals.verdicts.test_agreement import Frozen
from tests.portals.verdicts.visit import FACTS, KEYS, SIGNERS, WHOAMI, expectation, presented, sender
from tests.web.dpop_signer import OTHER_KEY, key_of
from web.base64url import decode
from web.dpop import LEEWAY, PROOF_SECONDS

ALGS = ["ES256", "PS256"]  # of the third, EdDSA, the libraries differ in the name; tests/web/test_dpop.py has it
# Limits of ours, and what the libraries leave to others: that the key is public, how long jti is, what a nonce holds.
OURS_ALONE = {"proof.size", "proof.jwk_private", "proof.jti", "proof.nonce", "proof.missing", "proof.repeated"}


def holder(alg: str) -> ProofMaker:
    """Return who sends a good token that is bound to a key for `alg`."""
    facts = replace(FACTS, jkt=jkt(key_of(alg)))
    return sender(good_token("access_token", SIGNERS["ES256"], facts), alg=alg, key=key_of(alg))


HOLDERS = {alg: holder(alg) for alg in ALGS}


def accepted(maker: ProofMaker, proof: str) -> bool:
    """Tell what the verdict says."""
    return judge(maker.token, expectation("access_token", presented=presented(proof)), KEYS).accepted


def by_pyjwt(maker: ProofMaker, proof: str) -> bool:
    """Tell what PyJWT says of the JWT, and the list of the rest."""
    with pytest.MonkeyPatch.context() as monkey:
        monkey.setattr("jwt.api_jwt.datetime", Frozen)
        try:
            header = pyjwt.get_unverified_header(proof)
            key = pyjwt.PyJWK(header["jwk"], algorithm=header["alg"]).key
            options: Any = {"require": ["jti", "iat"]}
            claims = pyjwt.decode(proof, key, algorithms=ALGS, leeway=LEEWAY, options=options)
        except (pyjwt.PyJWTError, RuntimeError, ValueError, TypeError, KeyError):
            return False
    return _as_listed(maker, header, claims)


def by_joserfc(maker: ProofMaker, proof: str) -> bool:
    """Tell what joserfc says of the JWT, and the list of the rest."""
    try:
        header = json.loads(decode(proof.split(".", maxsplit=1)[0]))
        algorithms = JWSRegistry(algorithms=ALGS)
        algorithms.max_header_length = 1024  # with an RSA key in it, a header is longer than the 512 that it takes
        claims = rfc_jwt.decode(proof, import_key(header["jwk"]), registry=algorithms).claims
        registry = rfc_jwt.JWTClaimsRegistry(
            now=FACTS.now, leeway=LEEWAY, iat={"essential": True}, jti={"essential": True}
        )
        registry.validate(claims)
    except (JoseError, ValueError, TypeError, KeyError):
        return False
    return _as_listed(maker, header, claims)


def _as_listed(maker: ProofMaker, header: dict[str, Any], claims: dict[str, Any]) -> bool:
    """Items 4, 8, 9, 11 and 12 of RFC 9449 4.3, of which no library for JWTs knows."""
    return (
        header.get("typ") == "dpop+jwt"
        and claims.get("htm") == "GET"
        and claims.get("htu") == WHOAMI
        and claims["iat"] >= FACTS.now - PROOF_SECONDS
        and claims.get("ath") == ath(maker.token)
        and import_key(header["jwk"]).thumbprint() == jkt(maker.key)
    )


@pytest.mark.parametrize("alg", ALGS)
def test_all_three_accept_a_good_proof(alg: str) -> None:
    maker = HOLDERS[alg]
    proof = maker.proof()
    assert (accepted(maker, proof), by_pyjwt(maker, proof), by_joserfc(maker, proof)) == (True, True, True)


@pytest.mark.parametrize("alg", ALGS)
def test_all_three_refuse_what_all_three_check(alg: str) -> None:
    maker, seen = HOLDERS[alg], set()
    for wrong in wrong_proofs(maker):
        if wrong.code not in OURS_ALONE:
            seen.add(wrong.code)
            [proof] = wrong.headers
            assert not accepted(maker, proof), wrong.name
            assert not by_pyjwt(maker, proof), wrong.name
            assert not by_joserfc(maker, proof), wrong.name
    assert seen == {f"proof.{way}" for way in WAYS}


WAYS = ["form", "typ", "crit", "alg", "jwk", "htm", "htu", "iat", "exp", "nbf", "ath", "signature"]
OFFSETS = st.integers(-100, 100) | st.sampled_from([-61, -60, -59, -31, -30, -29, 29, 30, 31])


@given(
    iat=OFFSETS, exp=st.none() | OFFSETS, nbf=st.none() | OFFSETS, method=st.sampled_from(["GET", "POST"]),
    url=st.sampled_from([WHOAMI, f"{FACTS.other_audience}/whoami"]), token=st.booleans(), own_key=st.booleans(),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_all_three_say_the_same_of_any_mixture(
    iat: int, exp: int | None, nbf: int | None, method: str, url: str, token: bool, own_key: bool
) -> None:
    maker = HOLDERS["ES256"]
    changes: dict[str, Any] = {"iat": FACTS.now + iat, "htm": method, "htu": url}
    changes |= {} if exp is None else {"exp": FACTS.now + exp}
    changes |= {} if nbf is None else {"nbf": FACTS.now + nbf}
    changes |= {} if token else {"ath": ath("another")}
    proof = (maker if own_key else replace(maker, key=OTHER_KEY)).proof(**changes)
    ours = accepted(maker, proof)
    assert (by_pyjwt(maker, proof), by_joserfc(maker, proof)) == (ours, ours)
