"""What goes back to the client's redirect_uri (RFC 6749 4.1.2, RFC 9207 2)."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.errors import RedirectRefusal
from idp.keys import KeyRing
from idp.oauth.authorization_request import Destination, destination
from idp.oauth.authorization_response import Responder, add_parameters
from tests.idp.oauth.checker import GOOD, NOW, Checker

ISSUER = "http://idp.localhost:8000"
STATES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=300)


def test_a_registered_query_stays_and_ours_comes_after_it_rfc6749_3_1_2() -> None:
    uri = add_parameters("https://rp.example/callback?kept=a%20b&x=", [("code", "c"), ("state", "s")])
    assert uri == "https://rp.example/callback?kept=a%20b&x=&code=c&state=s"


def test_success_has_code_state_and_iss_and_nothing_else_rfc9207_2(check: Checker, responder: Responder) -> None:
    to = destination(check.draft())
    assert responder.success(to, [("code", "the-code")]).location == (
        f"{GOOD['redirect_uri']}?code=the-code&state={GOOD['state']}&iss=http%3A%2F%2Fidp.localhost%3A8000"
    )
    stateless = destination(check.draft(state=None))
    assert "state" not in responder.success(stateless, [("code", "the-code")]).location


@given(state=STATES)
def test_state_comes_back_byte_for_byte_rfc6749_4_1_2(state: str, to: Destination, responder: Responder) -> None:
    refusal = RedirectRefusal("invalid_scope", "A sentence.")
    answer = responder.failure(Destination(to.client, to.redirect_uri, state), refusal).location
    parameters = dict(parse_qsl(urlsplit(answer).query, strict_parsing=True))
    assert parameters == {
        "error": "invalid_scope", "error_description": "A sentence.", "state": state, "iss": ISSUER,
    }  # fmt: skip
    assert answer.isascii()


@pytest.fixture(scope="module")
def responder(keys: KeyRing) -> Responder:
    return Responder(keys, ISSUER, lambda: NOW)


@pytest.fixture(scope="module")
def to(check: Checker) -> Destination:
    return destination(check.draft())
