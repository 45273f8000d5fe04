"""What goes back to the client's redirect_uri (RFC 6749 4.1.2, 4.2.2, RFC 9207 2, JARM 2)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import jwt as pyjwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.errors import RedirectRefusal
from idp.keys import KeyRing
from idp.oauth import hints
from idp.oauth.authorization_request import Destination, destination
from idp.oauth.authorization_response import AuthorizationResponse, Responder, add_parameters
from tests.idp.oauth.checker import GOOD, NOW, Checker
from tests.replaced import replace

ISSUER = "http://idp.localhost:8000"
STATES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=300)
REFUSAL = RedirectRefusal("invalid_scope", "A sentence.")


@pytest.fixture(scope="module")
def responder(keys: KeyRing) -> Responder:
    return Responder(keys, ISSUER, lambda: NOW)


@pytest.fixture(scope="module")
def to(check: Checker) -> Destination:
    return destination(check.draft())


def opened(answer: AuthorizationResponse, keys: KeyRing) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of the JWT that is all of the response, its signature checked by PyJWT."""
    ((name, token),) = answer.parameters
    assert name == "response"
    header = pyjwt.get_unverified_header(token)
    published = {key["kid"]: key for key in keys.public_set()["keys"]}
    key = pyjwt.PyJWK(published[header["kid"]])
    off = {"verify_exp": False, "verify_aud": False}
    return header, pyjwt.decode(token, key, algorithms=[header["alg"]], options=off)  # type: ignore[arg-type]


def test_a_registered_query_stays_and_ours_comes_after_it_rfc6749_3_1_2() -> None:
    uri = add_parameters("https://rp.example/callback?kept=a%20b&x=", [("code", "c"), ("state", "s")])
    assert uri == "https://rp.example/callback?kept=a%20b&x=&code=c&state=s"


@pytest.mark.parametrize(
    ("uri", "joint"),
    [
        ("https://rp.example", "?"),
        ("https://rp.example/callback?", ""),
        ("https://rp.example/callback?kept=1&", ""),
        ("com.example.app:", "?"),
        ("com.example.app:callback", "?"),
        ("com.example.app:/callback", "?"),
        ("com.example.app://callback", "?"),
        ("com.example.app:///callback", "?"),
        ("com.example.app:///callback?kept=1", "&"),
        ("http://[::1]:4000/callback", "?"),
    ],
)
def test_what_was_registered_stays_as_it_is_to_the_letter_rfc6749_3_1_2(uri: str, joint: str) -> None:
    assert add_parameters(uri, [("code", "c")]) == f"{uri}{joint}code=c"
    assert add_parameters(uri, []) == uri


def test_success_has_code_state_and_iss_and_nothing_else_rfc9207_2(check: Checker, responder: Responder) -> None:
    to = destination(check.draft())
    assert responder.success(to, [("code", "the-code")]).location == (
        f"{GOOD['redirect_uri']}?code=the-code&state={GOOD['state']}&iss=http%3A%2F%2Fidp.localhost%3A8000"
    )
    stateless = destination(check.draft(state=None))
    assert "state" not in responder.success(stateless, [("code", "the-code")]).location


@given(state=STATES)
def test_state_comes_back_byte_for_byte_rfc6749_4_1_2(state: str, to: Destination, responder: Responder) -> None:
    answer = responder.failure(replace(to, state=state), REFUSAL).location
    parameters = dict(parse_qsl(urlsplit(answer).query, strict_parsing=True))
    assert parameters == {
        "error": "invalid_scope", "error_description": "A sentence.", "state": state, "iss": ISSUER,
    }  # fmt: skip
    assert answer.isascii()


@given(state=STATES)
def test_a_fragment_says_the_same_to_who_decodes_forms_and_to_who_decodes_uris_rfc6749_4_2_2(
    state: str, to: Destination, responder: Responder
) -> None:
    to = replace(to, state=state, redirect_uri="https://rp.example/callback?kept=1", response_mode="fragment")
    answer = responder.success(to, [("access_token", "the-token"), ("scope", "openid profile")]).location
    parts = urlsplit(answer)
    assert parts.query == "kept=1"
    sent = {"access_token": "the-token", "scope": "openid profile", "state": state, "iss": ISSUER}
    assert dict(parse_qsl(parts.fragment, strict_parsing=True)) == sent
    assert {
        name: unquote(value) for name, _, value in (one.partition("=") for one in parts.fragment.split("&"))
    } == sent
    assert answer.isascii()


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_a_jwt_response_is_one_parameter_and_nothing_beside_it_jarm_2_1(
    mode: str, to: Destination, responder: Responder, keys: KeyRing
) -> None:
    to = replace(to, response_mode=f"{mode}.jwt")
    answer = responder.success(to, [("code", "the-code")])
    assert (answer.redirect_uri, answer.response_mode) == (to.redirect_uri, mode)
    _, claims = opened(answer, keys)
    assert claims == {
        "code": "the-code", "state": GOOD["state"], "iss": ISSUER, "aud": "beijing", "exp": claims["exp"],
    }  # fmt: skip
    assert NOW + 60 <= claims["exp"] <= NOW + 600


def test_a_refusal_is_signed_as_well_jarm_2_1_2(to: Destination, responder: Responder, keys: KeyRing) -> None:
    answer = responder.failure(replace(to, response_mode="query.jwt"), REFUSAL)
    _, claims = opened(answer, keys)
    assert claims == {
        "error": "invalid_scope", "error_description": "A sentence.", "state": GOOD["state"],
        "iss": ISSUER, "aud": "beijing", "exp": claims["exp"],
    }  # fmt: skip
    assert answer.location.startswith(f"{GOOD['redirect_uri']}?response=ey")


@pytest.mark.parametrize(
    ("registered", "alg"),
    [
        ({}, "RS256"),
        ({"authorization_signed_response_alg": "ES256"}, "ES256"),
        ({"authorization_signed_response_alg": "RS256"}, "RS256"),
        ({"profile": "fapi2"}, "ES256"),
        ({"profile": "fapi2", "authorization_signed_response_alg": "ES256"}, "ES256"),
    ],
)
def test_it_is_signed_with_the_registered_algorithm_rs256_by_default_but_for_fapi_2_jarm_3(
    registered: dict[str, Any], alg: str, to: Destination, responder: Responder, keys: KeyRing
) -> None:
    client = replace(to.client, **registered)
    header, _ = opened(responder.success(Destination(client, to.redirect_uri, None, "query.jwt"), []), keys)
    assert header["alg"] == alg


def test_a_jwt_response_is_no_id_token_hint_rfc8725_3_11(to: Destination, responder: Responder, keys: KeyRing) -> None:
    answer = responder.success(replace(to, response_mode="query.jwt"), [("code", "the-code")])
    assert hints.read(keys, ISSUER, dict(answer.parameters)["response"]) is None
