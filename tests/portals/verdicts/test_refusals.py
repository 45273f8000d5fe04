"""Each wrong token is refused with exactly its code, for each use, and for the one reason that it names."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import portals.verdict
from portals.checks.evidence import Check
from portals.finding import SHOWN
from portals.verdict import CHECKS, UNDECIDED, Expectation, Use, VerificationKeys, judge, judge_by
from tests.portals.verdicts.proofs import wrong_proofs
from tests.portals.verdicts.signer import Signer, good_claims, good_header, good_token
from tests.portals.verdicts.tokens import WrongToken, with_claims, wrong_access_tokens, wrong_in_session, wrong_tokens
from tests.portals.verdicts.visit import FACTS, KEYS, SIGNERS, USES, expectation, in_session, presented, sender
from tests.web.dpop_signer import OTHER_KEY
from web.dpop import LEEWAY, Proof
from web.language import LANGUAGES, flat

TEXTS = Path(portals.verdict.__file__).parent / "verdict_texts"
Case = tuple[Use, WrongToken, Expectation, VerificationKeys]


def _cases() -> list[Case]:
    cases: list[Case] = []
    signer = SIGNERS["ES256"]
    for use in USES:
        cases += [(use, wrong, expectation(use), KEYS) for wrong in wrong_tokens(use, signer, FACTS)]
        cases += [(use, wrong, in_session(use), KEYS) for wrong in wrong_in_session(use, signer, FACTS)]
        cases += [(use, *rest) for rest in _beyond_the_token(use)]
    cases += [("access_token", *rest) for rest in _beside_the_token()]
    return cases


def _beside_the_token() -> list[tuple[WrongToken, Expectation, VerificationKeys]]:
    """Good access tokens, with something wrong in the proof that came along."""
    token = good_token("access_token", SIGNERS["ES256"], FACTS)
    cases = [(wrong.name, wrong.headers, wrong.code) for wrong in wrong_proofs(sender(token))]
    cases.append(("of another key", (sender(token, key=OTHER_KEY).proof(),), "proof.key.other"))
    cases.append(("a second time", (sender(token).proof(jti="used-before"),), "proof.jti.replayed"))
    return [(WrongToken(f"proof: {name}", token, code), _presenting(*headers), KEYS) for name, headers, code in cases]


def _presenting(*headers: str) -> Expectation:
    return expectation("access_token", presented=presented(*headers), proof_seen=_seen)


def _seen(proof: Proof) -> bool:
    return proof.jti == "used-before"


def _beyond_the_token(use: Use) -> list[tuple[WrongToken, Expectation, VerificationKeys]]:
    """What is wrong with the keys, with a store of ours, or only the second time."""
    signer = SIGNERS["ES256"]
    good = good_token(use, signer, FACTS)
    encrypting = VerificationKeys.from_jwks({"keys": [signer.jwk(use="enc")]})
    cases = [(WrongToken("a key for encryption", good, "token.key.unusable"), expectation(use), encrypting)]
    if use == "logout_token":
        twice = with_claims(use, signer, FACTS, {"jti": "used-before"})
        cases.append((WrongToken("a second time", twice, "token.jti.replayed"), in_session(use), KEYS))
        return cases
    if use == "refreshed_id_token":
        then = FACTS.now - 7200
        old = WrongToken(
            "refreshed two hours later", with_claims(use, signer, FACTS, {"auth_time": then}), "token.auth_time.too_old"
        )
        cases.append((old, in_session(use, auth_time=then), KEYS))
    broken = expectation(use, sid_ended=_broken_store)
    cases.append((WrongToken("the store is away", good, UNDECIDED), broken, KEYS))
    return cases


def _broken_store(sid: str) -> bool:
    raise OSError("disk I/O error")


CASES = _cases()
NAMES = [f"{use}, {wrong.name}" for use, wrong, *_ in CASES]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS)
def test_a_good_token_is_accepted_and_every_check_passes(use: Use, signer: Signer) -> None:
    token = good_token(use, signer, FACTS)
    request = presented(sender(token).proof()) if use == "access_token" else None
    verdict = judge(token, in_session(use, presented=request, proof_seen=_seen), KEYS)
    assert verdict.accepted
    assert verdict.code == "token.accepted"
    assert {finding.code for finding in verdict.findings if finding.result != "pass"} == set()
    assert verdict.header == good_header(use, signer)
    assert verdict.claims == good_claims(use, FACTS)


@pytest.mark.parametrize("use", USES)
def test_what_needs_a_session_is_not_checked_without_one(use: Use) -> None:
    verdict = judge(good_token(use, SIGNERS["ES256"], FACTS), expectation(use, sid_ended=None), KEYS)
    assert verdict.accepted
    not_checked = {finding.code for finding in verdict.findings if finding.result == "not_checked"}
    signed_in = {"token.sub.same", "token.sid.same", "token.sid.live", "token.auth_time.max_age", "token.acr"}
    assert (
        not_checked
        == {
            "id_token": signed_in | {"token.nonce", "token.at_hash"},
            "refreshed_id_token": signed_in | {"token.at_hash", "token.auth_time.same"},
            "access_token": signed_in | {"proof", "proof.key"},
            "logout_token": {"token.jti.fresh"},
        }[use]
    )


@pytest.mark.parametrize(("use", "wrong", "expect", "keys"), CASES, ids=NAMES)
def test_a_token_wrong_in_one_way_is_refused_with_the_code_of_that_way(
    use: Use, wrong: WrongToken, expect: Expectation, keys: VerificationKeys
) -> None:
    verdict = judge(wrong.token, expect, keys)
    assert verdict.code == wrong.code
    assert not verdict.accepted
    failure = verdict.failure
    assert failure is not None
    place = verdict.findings.index(failure)
    assert {finding.result for finding in verdict.findings[:place]} <= {"pass", "not_checked"}
    assert all(finding.result == "not_checked" for finding in verdict.findings[place + 1 :])
    for language in ("zh-CN", "en"):
        assert failure.title(language)
        assert failure.cause(language)
        assert failure.remedy(language)


@pytest.mark.parametrize("use", USES)
def test_the_same_holds_for_tokens_signed_with_rs256(use: Use) -> None:
    for wrong in wrong_tokens(use, SIGNERS["RS256"], FACTS):
        assert (wrong.name, judge(wrong.token, expectation(use), KEYS).code) == (wrong.name, wrong.code)


@pytest.mark.parametrize("left_out", CHECKS, ids=lambda check: check.code)
def test_without_its_check_no_token_is_refused_with_that_code(left_out: Check) -> None:
    others = [check for check in CHECKS if check is not left_out]
    for use, wrong, expect, keys in CASES:
        if wrong.code in left_out.failures:
            assert judge(wrong.token, expect, keys).code == wrong.code
            assert judge_by(others, wrong.token, expect, keys).code != wrong.code, (use, wrong.name)


# Checks that read something for the later ones: without them another check refuses.
READERS = {f"token.{name}" for name in ("shape", "header", "alg", "kid", "key", "signature", "claims", "types")}
LEANED_ON = {"token.size.empty", "token.auth_time.missing"}


@pytest.mark.parametrize(
    "left_out", [check for check in CHECKS if check.code not in READERS], ids=lambda check: check.code
)
def test_each_wrong_token_is_wrong_in_one_way_only(left_out: Check) -> None:
    others = [check for check in CHECKS if check is not left_out]
    for use, wrong, expect, keys in CASES:
        if wrong.code in left_out.failures and wrong.code not in LEANED_ON:
            verdict = judge_by(others, wrong.token, expect, keys)
            assert verdict.accepted, (use, wrong.name, verdict.code)


def test_every_code_is_produced_and_every_produced_code_is_declared() -> None:
    declared = {code for check in CHECKS for code in check.failures} | {UNDECIDED}
    assert {wrong.code for _, wrong, _, _ in CASES} == declared


def test_every_failure_of_a_check_is_produced_for_each_of_its_uses() -> None:
    produced = {(use, wrong.code) for use, wrong, _, _ in CASES}
    elsewhere = {
        ("refreshed_id_token", "token.nonce.missing"),  # Core 12.2: it need not have one
        ("refreshed_id_token", "token.at_hash.missing"),
        ("logout_token", "token.sub.missing"),  # Back-Channel Logout 2.4: sub or sid
    }
    declared = {(use, code) for check in CHECKS for use in check.uses for code in check.failures}
    assert declared - produced == elsewhere


def test_there_is_a_text_for_each_code_and_no_other() -> None:
    wanted = {"token.accepted.title", *(f"{check.code}.title" for check in CHECKS)}
    for code in {code for check in CHECKS for code in check.failures} | {UNDECIDED}:
        wanted |= {f"{code}.{text}" for text in ("title", "cause", "remedy")}
    for language in LANGUAGES:
        table = tomllib.loads((TEXTS / f"{language}.toml").read_text(encoding="utf-8"))
        assert set(flat(table)) == wanted


def test_the_proof_of_an_accepted_token_is_what_its_portal_has_to_note() -> None:
    token = good_token("access_token", SIGNERS["ES256"], FACTS)
    verdict = judge(token, _presenting(sender(token).proof(jti="noted")), KEYS)
    assert verdict.proof is not None
    assert (verdict.proof.jkt, verdict.proof.jti) == (FACTS.jkt, "noted")


def test_a_token_that_a_session_holds_is_bound_to_the_portals_own_key() -> None:
    token = good_token("access_token", SIGNERS["ES256"], FACTS)
    assert judge(token, expectation("access_token", jkt=FACTS.jkt), KEYS).accepted
    others = expectation("access_token", jkt=OTHER_KEY.thumbprint())
    assert judge(token, others, KEYS).code == "proof.key.other"


def test_proofs_have_the_leeway_of_tokens() -> None:
    assert expectation("access_token").leeway == LEEWAY


def test_there_are_more_than_thirty_wrong_access_tokens_with_as_many_codes() -> None:
    wrong = wrong_access_tokens(SIGNERS["ES256"], FACTS)
    assert len({token.code for token in wrong}) > 30
    assert len({token.name for token in wrong}) == len(wrong)


def test_findings_are_printable_and_hold_no_token_and_no_whole_identifier() -> None:
    claims = good_claims("id_token", FACTS)
    for _, wrong, expect, keys in CASES:
        for finding in judge(wrong.token, expect, keys).findings:
            for text in (finding.expected, finding.found):
                assert text.isascii()
                assert text.isprintable() or not text
                assert len(text) <= SHOWN + 60
                for secret in (wrong.token, FACTS.nonce, FACTS.access_token, FACTS.sid, FACTS.sub, claims["jti"]):
                    assert not secret or secret not in text


def test_a_logout_token_without_sub_is_accepted() -> None:
    claims = good_claims("logout_token", FACTS)
    del claims["sub"]
    signer = SIGNERS["ES256"]
    assert judge(signer.token(good_header("logout_token", signer), claims), in_session("logout_token"), KEYS).accepted


def test_a_refreshed_id_token_may_repeat_the_nonce_and_leave_out_at_hash() -> None:
    claims = {**good_claims("refreshed_id_token", FACTS), "nonce": FACTS.nonce}
    del claims["at_hash"]
    signer = SIGNERS["ES256"]
    token = signer.token(good_header("refreshed_id_token", signer), claims)
    assert judge(token, in_session("refreshed_id_token"), KEYS).accepted


def test_the_full_media_type_of_an_access_token_is_accepted() -> None:
    signer = SIGNERS["ES256"]
    header = {**good_header("access_token", signer), "typ": "application/at+jwt"}
    assert judge(signer.token(header, good_claims("access_token", FACTS)), in_session("access_token"), KEYS).accepted


def test_hmac_stays_refused_even_where_somebody_lists_it() -> None:
    wrong = next(token for token in wrong_access_tokens(SIGNERS["ES256"], FACTS) if "PEM" in token.name)
    assert judge(wrong.token, expectation("access_token", algs=("HS256", "ES256")), KEYS).code == "token.alg.symmetric"


def test_a_client_registered_for_one_algorithm_gets_no_other() -> None:
    token = good_token("id_token", SIGNERS["RS256"], FACTS)
    assert judge(token, expectation("id_token", algs=("ES256",)), KEYS).code == "token.alg.not_accepted"


def test_the_name_of_the_other_portal_is_told() -> None:
    token = with_claims("access_token", SIGNERS["ES256"], FACTS, {"aud": [FACTS.other_audience, FACTS.issuer]})
    failure = judge(token, expectation("access_token"), KEYS).failure
    assert failure is not None
    assert "Tianjin" in failure.found
    assert judge(token, expectation("access_token", other_portals={}), KEYS).code == "token.aud.unknown"


def test_what_could_be_read_of_a_refused_token_is_shown() -> None:
    good = good_token("id_token", SIGNERS["ES256"], FACTS)
    verdict = judge(good + "=", expectation("id_token"), KEYS)
    assert verdict.code == "token.shape.padding"
    assert verdict.header == good_header("id_token", SIGNERS["ES256"])
    assert verdict.claims == good_claims("id_token", FACTS)
