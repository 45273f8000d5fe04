"""One leeway, 30 s, everywhere: exact to the second on both sides of each boundary."""

from __future__ import annotations

from typing import Any

import pytest

from portals.verdict import ACCEPTED, Use, judge
from tests.portals.verdicts.tokens import with_claims
from tests.portals.verdicts.visit import FACTS, KEYS, SIGNERS, USES, expectation, in_session

NOW = FACTS.now
LONGEST = {"id_token": 86_400, "refreshed_id_token": 86_400, "access_token": 3_600, "logout_token": 300}


def _code(use: Use, claims: dict[str, Any], **changes: Any) -> str:
    token = with_claims(use, SIGNERS["ES256"], FACTS, claims)
    return judge(token, expectation(use, **changes), KEYS).code


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    ("exp", "code"),
    [(NOW - 31, "token.exp.past"), (NOW - 30, "token.exp.past"), (NOW - 29.5, ACCEPTED), (NOW - 29, ACCEPTED)],
)
def test_a_token_is_expired_on_the_second_of_exp_plus_30(use: Use, exp: float, code: str) -> None:
    assert _code(use, {"exp": exp}) == code


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("claim", ["nbf", "iat"])
@pytest.mark.parametrize(("ahead", "accepted"), [(29, True), (30, True), (30.5, False), (31, False)])
def test_nbf_and_iat_may_lie_30_seconds_ahead(use: Use, claim: str, ahead: float, accepted: bool) -> None:
    code = _code(use, {claim: NOW + ahead})
    assert code == (ACCEPTED if accepted else f"token.{claim}.future")


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(("older", "accepted"), [(29, True), (30, True), (30.5, False), (31, False)])
def test_iat_may_lie_the_longest_life_and_30_seconds_back(use: Use, older: float, accepted: bool) -> None:
    code = _code(use, {"iat": NOW - LONGEST[use] - older})
    assert code == (ACCEPTED if accepted else "token.iat.too_old")


@pytest.mark.parametrize("use", [use for use in USES if use != "logout_token"])
@pytest.mark.parametrize(("ahead", "accepted"), [(29, True), (30, True), (30.5, False), (31, False)])
def test_auth_time_may_lie_30_seconds_ahead(use: Use, ahead: float, accepted: bool) -> None:
    assert _code(use, {"auth_time": NOW + ahead}) == (ACCEPTED if accepted else "token.auth_time.future")


@pytest.mark.parametrize("use", [use for use in USES if use != "logout_token"])
@pytest.mark.parametrize(("older", "accepted"), [(29, True), (30, True), (30.5, False), (31, False)])
def test_max_age_is_exceeded_after_30_seconds_more(use: Use, older: float, accepted: bool) -> None:
    code = _code(use, {"auth_time": NOW - 900 - older}, max_age=900)
    assert code == (ACCEPTED if accepted else "token.auth_time.too_old")


def test_max_age_zero_demands_an_authentication_now() -> None:
    assert _code("id_token", {"auth_time": NOW - 30}, max_age=0) == ACCEPTED
    assert _code("id_token", {"auth_time": NOW - 31}, max_age=0) == "token.auth_time.too_old"


@pytest.mark.parametrize("use", USES)
def test_the_default_leeway_is_30_seconds(use: Use) -> None:
    assert in_session(use).leeway == 30


def test_a_clock_with_fractions_is_as_exact() -> None:
    assert _code("access_token", {"exp": NOW}, now=NOW + 29.999) == ACCEPTED
    assert _code("access_token", {"exp": NOW}, now=NOW + 30.0) == "token.exp.past"
