"""The verdict agrees with joserfc and PyJWT wherever all three check the same thing.

Where we are stricter (spelling, typ, kid, sid and so on) the others may accept; what we accept they must accept too.
"""

from __future__ import annotations

from typing import Any

import jwt as pyjwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt as rfc_jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from portals.verdict import CHECKS, Use, judge, judge_by
from tests.portals.verdicts.signer import LOGOUT_EVENT, Signer, encode, good_claims, good_header, good_token, to_json
from tests.portals.verdicts.tokens import with_claims, wrong_in_session, wrong_tokens
from tests.portals.verdicts.visit import FACTS, KEYS, SIGNERS, USES, expectation, in_session

ALGS = ["ES256", "RS256"]
RFC_KEYS = KeySet.import_key_set({"keys": [signer.jwk() for signer in SIGNERS.values()]})
# What all three look at: the signature by the named key and algorithm, and the registered claims of RFC 7519.
SHARED = {"token.alg", "token.signature", "token.iss", "token.aud", "token.exp", "token.nbf", "token.iat"}
READERS = {f"token.{name}" for name in ("shape", "header", "typ", "kid", "key", "claims", "types")}
# Of crit, b64 and a long header each has an opinion of its own.
OURS_ALONE = {"token.crit.present", "token.b64.present", "token.size.too_large"}
SHARED_CODES = {
    "token.alg.none", "token.alg.symmetric", "token.alg.not_accepted", "token.alg.missing", "token.key.other_alg",
    "token.signature.missing", "token.signature.wrong", "token.shape.segments", "token.shape.characters",
    "token.claims.json", "token.claims.object", "token.iss.missing", "token.iss.other", "token.aud.missing",
    "token.aud.issuer_only", "token.aud.other_portal", "token.aud.unknown", "token.exp.missing", "token.exp.past",
    "token.nbf.future", "token.iat.missing", "token.iat.future",
}  # fmt: skip
# Python's json takes more for JSON than RFC 8259 does.
READ_BY_OTHERS = {"claims with half a character", "claims with Infinity", "claims with 1e999"}


def _audience(use: Use) -> str:
    return FACTS.audience if use == "access_token" else FACTS.client_id


def _joserfc_accepts(use: Use, token: str) -> bool:
    registry = rfc_jwt.JWTClaimsRegistry(
        now=FACTS.now, leeway=30,
        iss={"essential": True, "value": FACTS.issuer}, aud={"essential": True, "value": _audience(use)},
        exp={"essential": True}, iat={"essential": True},
    )  # fmt: skip
    try:
        registry.validate(rfc_jwt.decode(token, RFC_KEYS, algorithms=ALGS).claims)
    except (JoseError, ValueError, RecursionError):
        return False
    return True


def _pyjwt_accepts(use: Use, token: str, monkey: pytest.MonkeyPatch) -> bool:
    monkey.setattr("jwt.api_jwt.datetime", Frozen)
    try:
        kid = pyjwt.get_unverified_header(token).get("kid")
        published = [signer for signer in SIGNERS.values() if signer.kid == kid]
        key: Any = published[0].private_key.public_key() if published else ""
        pyjwt.decode(
            token, key, algorithms=ALGS, audience=_audience(use), issuer=FACTS.issuer, leeway=30,
            options={"require": ["iss", "aud", "exp", "iat"]},
        )  # fmt: skip
    except (pyjwt.PyJWTError, ValueError, TypeError, RecursionError):
        return False
    return True


class Frozen:
    """PyJWT takes no clock: it asks datetime.now(tz=...).timestamp()."""

    @staticmethod
    def now(tz: object = None) -> Frozen:
        return Frozen()

    def timestamp(self) -> float:
        return float(FACTS.now)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS)
def test_all_three_accept_a_good_token(use: Use, signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    token = good_token(use, signer, FACTS)
    assert judge(token, in_session(use), KEYS).accepted
    assert _joserfc_accepts(use, token)
    assert _pyjwt_accepts(use, token, monkeypatch)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS)
def test_a_token_made_by_joserfc_or_pyjwt_is_accepted(use: Use, signer: Signer) -> None:
    header, claims = good_header(use, signer), good_claims(use, FACTS)
    private: Any = signer.private_key
    key = ECKey.import_key(private) if signer.alg == "ES256" else RSAKey.import_key(private)
    assert judge(rfc_jwt.encode(header, claims, key), in_session(use), KEYS).accepted
    token = pyjwt.encode(claims, private, algorithm=signer.alg, headers=header)
    assert judge(token, in_session(use), KEYS).accepted


@pytest.mark.parametrize("use", USES)
def test_all_three_refuse_what_all_three_check(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set()
    for wrong in wrong_tokens(use, SIGNERS["ES256"], FACTS):
        if wrong.code in SHARED_CODES and wrong.name not in READ_BY_OTHERS:
            seen.add(wrong.code)
            assert not judge(wrong.token, expectation(use), KEYS).accepted
            assert not _joserfc_accepts(use, wrong.token), wrong.name
            assert not _pyjwt_accepts(use, wrong.token, monkeypatch), wrong.name
    assert seen == SHARED_CODES


OFFSETS = st.integers(-100, 100) | st.sampled_from([-31, -30, -29, 29, 30, 31])


@given(
    use=st.sampled_from(USES), alg=st.sampled_from(ALGS), exp=OFFSETS, nbf=st.none() | OFFSETS, iat=OFFSETS,
    iss=st.sampled_from([FACTS.issuer, FACTS.issuer + "/", "https://idp.example"]),
    own=st.booleans(), in_array=st.booleans(), signed_by_another=st.booleans(),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_all_three_say_the_same_of_any_mixture(
    use: Use,
    alg: str,
    exp: int,
    nbf: int | None,
    iat: int,
    iss: str,
    own: bool,
    in_array: bool,
    signed_by_another: bool,
) -> None:
    signer = ANOTHER[alg] if signed_by_another else SIGNERS[alg]
    audience = _audience(use) if own else "https://shop.example"
    changes: dict[str, Any] = {
        "iss": iss, "aud": [audience] if in_array else audience, "exp": FACTS.now + exp, "iat": FACTS.now + iat,
    }  # fmt: skip
    if nbf is not None:
        changes["nbf"] = FACTS.now + nbf
    token = with_claims(use, signer, FACTS, changes)
    ours = judge(token, expectation(use), KEYS).accepted
    with pytest.MonkeyPatch.context() as monkey:
        assert (_joserfc_accepts(use, token), _pyjwt_accepts(use, token, monkey)) == (ours, ours)


ANOTHER = {alg: Signer.new(SIGNERS[alg].kid, alg) for alg in ALGS}


@pytest.mark.parametrize("use", USES)
def test_what_we_accept_the_others_accept(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    # With only the shared checks more is accepted here, and all of it must be accepted there too.
    ours = [check for check in CHECKS if check.code in SHARED | READERS]
    signer = SIGNERS["ES256"]
    accepted = 0
    for wrong in [*wrong_tokens(use, signer, FACTS), *wrong_in_session(use, signer, FACTS)]:
        if judge_by(ours, wrong.token, expectation(use), KEYS).accepted and wrong.code not in OURS_ALONE:
            accepted += 1
            assert _joserfc_accepts(use, wrong.token), wrong.name
            assert _pyjwt_accepts(use, wrong.token, monkeypatch), wrong.name
    assert accepted > 5


def test_all_three_refuse_on_the_second_of_exp_plus_leeway(monkeypatch: pytest.MonkeyPatch) -> None:
    for exp, accepted in ((FACTS.now - 30, False), (FACTS.now - 29, True)):
        token = with_claims("id_token", SIGNERS["ES256"], FACTS, {"exp": exp})
        assert judge(token, expectation("id_token"), KEYS).accepted is accepted
        assert _joserfc_accepts("id_token", token) is accepted
        assert _pyjwt_accepts("id_token", token, monkeypatch) is accepted


def test_the_logout_event_is_spelt_as_specified() -> None:
    claims = {**good_claims("logout_token", FACTS), "events": {LOGOUT_EVENT + "/": {}}}
    signer = SIGNERS["ES256"]
    token = f"{encode(to_json(good_header('logout_token', signer)))}.{encode(to_json(claims))}"
    signed = f"{token}.{encode(signer.sign(token.encode()))}"
    assert judge(signed, expectation("logout_token"), KEYS).code == "token.events.wrong"
