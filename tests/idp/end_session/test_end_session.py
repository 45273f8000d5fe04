"""RP-Initiated Logout 1.0, sections 2 to 4: who may end a session without being asked, and where it leads."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import httpx
import pytest

from tests.idp.authorize.answers import refused_on_a_page
from tests.idp.end_session.conftest import signed_in
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, Tokens
from tests.visitor import Visitor, form_with

ClientFactory = Callable[[str], PortalClient]


def asks(page: httpx.Response) -> bool:
    """Tell whether this is the page that asks whether to log out."""
    return page.status_code == 200 and 'id="logout-yes"' in page.text


def says_logged_out(page: httpx.Response) -> bool:
    """Tell whether this is the page that says that it is done."""
    return page.status_code == 200 and "logout-yes" not in page.text and "location" not in page.headers


def test_a_hint_of_this_session_and_client_acts_at_once_and_redirects_with_state_rp_initiated_2_and_3(
    client: PortalClient, visitor: Visitor, tokens: Tokens, onward: str
) -> None:
    state = "s t+a%te&\u72b6"
    response = client.end_session(
        visitor, id_token_hint=tokens.id_token, post_logout_redirect_uri=onward, state=state, client_id="alpha"
    )
    assert response.status_code == 303
    assert response.headers["location"] == f"{onward}?{urlencode({'state': state})}"
    assert response.headers["cache-control"] == "no-store"
    assert not signed_in(client, visitor)


def test_without_state_the_address_is_exactly_the_registered_one_rp_initiated_3(
    client: PortalClient, visitor: Visitor, tokens: Tokens, onward: str
) -> None:
    response = client.end_session(visitor, id_token_hint=tokens.id_token, post_logout_redirect_uri=onward)
    assert response.headers["location"] == onward


def test_without_an_address_the_page_says_that_it_is_done(
    client: PortalClient, visitor: Visitor, tokens: Tokens
) -> None:
    page = client.end_session(visitor, id_token_hint=tokens.id_token)
    assert says_logged_out(page)
    assert "not-onward" not in page.text
    assert not signed_in(client, visitor)


def test_post_acts_like_get_rp_initiated_2(client: PortalClient, visitor: Visitor, tokens: Tokens, onward: str) -> None:
    form = {"id_token_hint": tokens.id_token, "post_logout_redirect_uri": onward, "state": "x"}
    response = visitor.http.post(f"{client.issuer}/end_session", data=form)
    assert (response.status_code, response.headers["location"]) == (303, f"{onward}?state=x")
    assert not signed_in(client, visitor)


def test_a_post_of_another_site_comes_without_the_cookie_and_acts_all_the_same(
    client: PortalClient, visitor: Visitor, tokens: Tokens, onward: str, provider: Provider
) -> None:
    form = {"id_token_hint": tokens.id_token, "post_logout_redirect_uri": onward, "state": "a b"}
    bounced = provider.visitor().http.post(f"{client.issuer}/end_session", data=form)
    assert bounced.headers["location"].startswith("/end_session?")
    response = visitor.get(bounced.headers["location"])
    assert response.headers["location"] == f"{onward}?state=a+b"
    assert not signed_in(client, visitor)


@pytest.mark.parametrize("age", [301, 3000])
def test_an_expired_hint_of_this_session_acts_rp_initiated_4(
    age: int, provider: Provider, client: PortalClient, visitor: Visitor, tokens: Tokens, onward: str
) -> None:
    provider.clock.advance(age)
    response = client.end_session(visitor, id_token_hint=tokens.id_token, post_logout_redirect_uri=onward)
    assert response.headers["location"] == onward
    assert not signed_in(client, visitor)


def test_a_hint_from_before_logging_in_again_acts(client: PortalClient, visitor: Visitor, tokens: Tokens) -> None:
    client.sign_in(visitor, prompt="login")
    assert says_logged_out(client.end_session(visitor, id_token_hint=tokens.id_token))
    assert not signed_in(client, visitor)


BAD_HINTS = ("", "not a token", "e30.e30.e30", "x" * 9000, "\u4e2d")


@pytest.mark.parametrize("hint", BAD_HINTS, ids=range(len(BAD_HINTS)))
def test_a_missing_or_foreign_hint_asks_and_never_redirects_rp_initiated_2(
    hint: str, client: PortalClient, visitor: Visitor, tokens: Tokens, onward: str
) -> None:
    page = client.end_session(
        visitor, id_token_hint=hint or None, post_logout_redirect_uri=onward, client_id="alpha", state="x"
    )
    assert asks(page)
    assert signed_in(client, visitor)
    done = visitor.submit(page, "logout-yes")
    assert says_logged_out(done)
    assert not signed_in(client, visitor)


def test_a_hint_that_was_tampered_with_or_is_another_kind_of_token_asks(
    client: PortalClient, visitor: Visitor, tokens: Tokens, onward: str
) -> None:
    header, payload, _ = tokens.id_token.split(".")
    unsigned = f"eyJhbGciOiJub25lIn0.{payload}."
    for hint in (f"{header}.{payload}.{'A' * 86}", unsigned, tokens.access_token):
        assert asks(client.end_session(visitor, id_token_hint=hint, post_logout_redirect_uri=onward))
    assert signed_in(client, visitor)


def test_a_hint_of_another_session_asks_and_does_not_redirect_before_it_is_answered(
    provider: Provider, client: PortalClient, visitor: Visitor, tokens: Tokens, onward: str
) -> None:
    elsewhere = client.tokens(provider.visitor(), "wang.tianjin").id_token
    page = client.end_session(visitor, id_token_hint=elsewhere, post_logout_redirect_uri=onward)
    assert asks(page)
    assert signed_in(client, visitor)


def test_a_hint_of_a_session_that_has_ended_asks_in_the_next_one(
    client: PortalClient, visitor: Visitor, tokens: Tokens
) -> None:
    client.end_session(visitor, id_token_hint=tokens.id_token)
    client.sign_in(visitor)
    assert asks(client.end_session(visitor, id_token_hint=tokens.id_token))
    assert signed_in(client, visitor)


def test_another_clients_hint_with_this_client_id_is_refused_and_ends_nothing_rp_initiated_2(
    client: PortalClient, client_factory: ClientFactory, visitor: Visitor, tokens: Tokens, onward: str
) -> None:
    foreign = client_factory("beta").tokens(visitor).id_token
    response = client.end_session(visitor, id_token_hint=foreign, client_id="alpha", post_logout_redirect_uri=onward)
    refused_on_a_page(response)
    assert signed_in(client, visitor)


def test_another_clients_address_is_never_redirected_to_rp_initiated_3(
    client: PortalClient, client_factory: ClientFactory, visitor: Visitor, tokens: Tokens
) -> None:
    beta = client_factory("beta")
    foreign = str(beta.registration.table["post_logout_redirect_uris"][0])
    page = client.end_session(visitor, id_token_hint=tokens.id_token, post_logout_redirect_uri=foreign)
    assert says_logged_out(page)


@pytest.mark.parametrize(
    "change",
    [
        lambda uri: uri.rstrip("/"),
        lambda uri: uri + "?x=1",
        lambda uri: uri + "#x",
        lambda uri: uri + "bye",
        lambda uri: uri.replace("http:", "https:"),
        lambda uri: uri.replace("http://", "http://person@"),
        lambda uri: uri.replace("alpha", "ALPHA"),
        lambda uri: "https://stranger.example/",
        lambda uri: "//stranger.example/",
        lambda uri: "javascript:alert(1)",
    ],
)
def test_an_address_that_is_not_registered_is_never_redirected_to_rp_initiated_3(
    change: Callable[[str], str], client: PortalClient, visitor: Visitor, tokens: Tokens, onward: str
) -> None:
    page = client.end_session(
        visitor, id_token_hint=tokens.id_token, post_logout_redirect_uri=change(onward), state="x"
    )
    assert says_logged_out(page)
    assert 'id="not-onward"' in page.text
    assert "//stranger.example" not in page.text
    assert "javascript:" not in page.text
    assert not signed_in(client, visitor)


def test_the_address_needs_the_hint_and_client_id_alone_is_no_proof(
    client: PortalClient, visitor: Visitor, tokens: Tokens, onward: str
) -> None:
    page = client.end_session(visitor, client_id="alpha", post_logout_redirect_uri=onward)
    assert asks(page)
    assert says_logged_out(visitor.submit(page, "logout-yes"))


def test_saying_no_keeps_the_session(client: PortalClient, visitor: Visitor, tokens: Tokens) -> None:
    page = visitor.get("/end_session")
    assert asks(page)
    response = visitor.submit(page, "logout-no")
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert signed_in(client, visitor)
    assert client.active(tokens.access_token)


@pytest.mark.parametrize("csrf", ["", "x", "0" * 64, "\u4e2d"])
def test_the_own_form_without_its_csrf_token_ends_nothing(
    csrf: str, client: PortalClient, visitor: Visitor, tokens: Tokens
) -> None:
    refused_on_a_page(visitor.submit(visitor.get("/end_session"), "logout-yes", csrf=csrf), 403)
    assert signed_in(client, visitor)


def test_the_csrf_token_of_another_session_ends_nothing(
    provider: Provider, client: PortalClient, visitor: Visitor, tokens: Tokens
) -> None:
    stranger = provider.visitor()
    client.sign_in(stranger, "wang.tianjin")
    theirs = form_with(stranger.get("/end_session"), "logout-yes").fields["csrf"]
    refused_on_a_page(visitor.submit(visitor.get("/end_session"), "logout-yes", csrf=theirs), 403)
    assert signed_in(client, visitor)


def test_the_csrf_token_holds_for_the_client_that_the_hint_proved_and_for_no_other(
    provider: Provider, client: PortalClient, visitor: Visitor, tokens: Tokens, onward: str
) -> None:
    page = visitor.get("/end_session")
    refused_on_a_page(visitor.submit(page, "logout-yes", client_id="alpha", post_logout_redirect_uri=onward), 403)
    assert signed_in(client, visitor)


def test_the_hint_is_on_no_page(provider: Provider, client: PortalClient, visitor: Visitor, tokens: Tokens) -> None:
    elsewhere = client.tokens(provider.visitor(), "wang.tianjin").id_token
    page = client.end_session(visitor, id_token_hint=elsewhere)
    assert asks(page)
    assert elsewhere not in page.text


def test_a_forged_form_without_decision_or_hint_only_makes_the_page_ask(
    client: PortalClient, visitor: Visitor, tokens: Tokens
) -> None:
    assert asks(visitor.http.post(f"{client.issuer}/end_session", data={"state": "x"}))
    assert asks(visitor.get("/end_session?decision=yes&csrf=x"))
    assert signed_in(client, visitor)


@pytest.mark.parametrize("decision", ["maybe", "YES", "0"])
def test_a_decision_that_is_neither_yes_nor_no_ends_nothing(
    decision: str, client: PortalClient, visitor: Visitor, tokens: Tokens
) -> None:
    refused_on_a_page(visitor.submit(visitor.get("/end_session"), "logout-yes", decision=decision))
    assert signed_in(client, visitor)


def test_the_form_that_asks_carries_the_request_on(
    provider: Provider, client: PortalClient, visitor: Visitor, tokens: Tokens, onward: str
) -> None:
    elsewhere = client.tokens(provider.visitor(), "wang.tianjin").id_token
    page = client.end_session(visitor, id_token_hint=elsewhere, post_logout_redirect_uri=onward, state="a\"'<b>")
    assert form_with(page, "logout-yes").fields["state"] == "a\"'<b>"
    response = visitor.submit(page, "logout-yes")
    assert response.headers["location"] == f"{onward}?{urlencode({'state': chr(97) + chr(34) + chr(39) + '<b>'})}"
    assert not signed_in(client, visitor)


def test_a_signed_out_visitor_is_told_so_and_led_on_only_by_a_hint(
    provider: Provider, client: PortalClient, tokens: Tokens, onward: str
) -> None:
    nobody = provider.visitor()
    assert says_logged_out(nobody.get("/end_session"))
    assert says_logged_out(client.end_session(nobody, post_logout_redirect_uri=onward, client_id="alpha"))
    response = client.end_session(nobody, id_token_hint=tokens.id_token, post_logout_redirect_uri=onward)
    assert response.headers["location"] == onward


def test_logging_out_twice_does_no_harm(client: PortalClient, visitor: Visitor, tokens: Tokens, onward: str) -> None:
    for _ in range(2):
        response = client.end_session(visitor, id_token_hint=tokens.id_token, post_logout_redirect_uri=onward)
        assert response.headers["location"] == onward


@pytest.mark.parametrize("name", ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"])
def test_a_repeated_parameter_is_a_page_and_ends_nothing(
    name: str, client: PortalClient, visitor: Visitor, tokens: Tokens, onward: str
) -> None:
    sent = {"id_token_hint": tokens.id_token, "post_logout_redirect_uri": onward, "state": "x", "client_id": "alpha"}
    refused_on_a_page(visitor.get(f"/end_session?{urlencode(sent)}&{urlencode({name: sent[name]})}"))
    assert signed_in(client, visitor)


@pytest.mark.parametrize("raw", ["state=%ff", "state=%00", f"state={'x' * 20_000}", "id_token_hint=%c3%28"])
def test_what_cannot_be_read_is_a_page_and_ends_nothing(
    raw: str, client: PortalClient, visitor: Visitor, tokens: Tokens
) -> None:
    refused_on_a_page(visitor.get(f"/end_session?id_token_hint={tokens.id_token}&{raw}"))
    assert signed_in(client, visitor)
