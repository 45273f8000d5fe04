"""Whatever is asked, /authorize answers with a page, a step of its own, or an answer to the registered address."""

from __future__ import annotations

import functools
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.idp.authorize.answers import GO, refused_on_a_page
from tests.portal_client import PortalClient
from tests.visitor import Visitor, form_with

NAMES = (
    "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge",
    "code_challenge_method", "resource", "prompt", "max_age", "acr_values", "login_hint", "ui_locales",
    "id_token_hint", "request", "request_uri", "registration", "claims", "interaction", "display",
)  # fmt: skip
WORDS = ("none", "login", "consent", "openid", "profile", "offline_access", "0", "-1", "code", "S256", "e30.e30.e30")
RESPONSES = st.fixed_dictionaries({}, optional={
    "response_type": st.permutations(["code", "id_token", "token"]).flatmap(
        lambda words: st.integers(1, 3).map(lambda count: " ".join(words[:count]))
    ),
    "response_mode": st.sampled_from(
        ["query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt", "web_message"]
    ),
})  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(WORDS), st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)
)
VALUES = st.one_of(TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")), st.binary(max_size=40))
CHANGES = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=5)
FUZZ = functools.partial(
    settings, max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def check_answer(client: PortalClient, visitor: Visitor, query: str, *, post: bool) -> None:
    if post:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        response = visitor.http.post(f"{client.issuer}/authorize", content=query, headers=headers)
    else:
        response = visitor.get(f"/authorize?{query}")
    registered = tuple(str(uri) for uri in client.registration.table["redirect_uris"])
    if response.status_code == 200:
        assert form_with(response, GO).action in registered
        return
    if response.status_code != 303:
        refused_on_a_page(response)
        return
    location = response.headers["location"]
    own = ("/login?", "/consent?", "/authorize?")
    theirs = (*(f"{uri}?" for uri in registered), *(f"{uri}#" for uri in registered), f"{registered[1]}&")
    assert location.startswith((*own, *theirs))
    assert location.isascii()


@pytest.mark.parametrize("post", [False, True], ids=["get", "post"])
@FUZZ()
@given(changes=CHANGES, repeated=st.booleans())
def test_any_parameters_are_answered_as_specified(
    post: bool, client: PortalClient, signed_in: Visitor, changes: list[tuple[str, bytes]], repeated: bool
) -> None:
    asked = {name: value.encode() for name, value in client.ask().parameters.items()}
    pairs = [*asked.items(), *changes] if repeated else list({**asked, **dict(changes)}.items())
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs)
    check_answer(client, signed_in, query, post=post)


@FUZZ()
@given(changes=CHANGES, response=RESPONSES)
def test_any_parameters_are_answered_as_specified_where_every_way_of_answering_is_on(
    hybrid: PortalClient, someone: Visitor, changes: list[tuple[str, bytes]], response: dict[str, str]
) -> None:
    asked = {name: value.encode() for name, value in hybrid.ask(**response).parameters.items()}
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in {**asked, **dict(changes)}.items())
    check_answer(hybrid, someone, query, post=False)


@FUZZ()
@given(query=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=200))
def test_any_query_is_answered_as_specified(query: str, client: PortalClient, signed_in: Visitor) -> None:
    check_answer(client, signed_in, query, post=False)


@FUZZ()
@given(body=st.binary(max_size=300))
def test_any_body_is_answered_as_specified(body: bytes, client: PortalClient, signed_in: Visitor) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    refused_on_a_page(signed_in.http.post(f"{client.issuer}/authorize", content=body, headers=headers))
