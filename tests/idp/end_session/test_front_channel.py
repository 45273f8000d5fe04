"""Clients that are told of a log-out through the browser, before it goes on: Front-Channel Logout 1.0."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.browser import new_page
from tests.idp.conftest import ClientFactory
from tests.idp.end_session.conftest import signed_in
from tests.idp.provider import Provider
from tests.listener import Received, Reply
from tests.portal_client import Landing, PortalClient, Tokens
from tests.visitor import PASSWORD, Visitor

FRAME = "/frontchannel/"


@pytest.fixture
def sees_sid(watched: Provider) -> PortalClient:
    """The client that is told iss and sid."""
    return watched.client("sees-sid")


@pytest.fixture
def sees_end(watched: Provider) -> PortalClient:
    """The client that is told no more than that a session has ended."""
    return watched.client("sees-end")


@pytest.fixture
def someone(watched: Provider) -> Visitor:
    """A new browser."""
    return watched.visitor()


def onward(client: PortalClient) -> str:
    return str(client.registration.table["post_logout_redirect_uris"][0])


def frames(page: httpx.Response) -> list[str]:
    """Return where the iframes of a page lead to."""
    return [html.unescape(uri) for uri in re.findall(r'<iframe [^>]*src="([^"]*)"', page.text)]


def log_out(client: PortalClient, visitor: Visitor, tokens: Tokens, state: str | None = None) -> httpx.Response:
    return client.end_session(
        visitor, id_token_hint=tokens.id_token, post_logout_redirect_uri=onward(client), state=state
    )


def test_a_page_tells_each_client_of_the_session_before_it_leads_on_frontchannel_3(
    watched: Provider, sees_sid: PortalClient, sees_end: PortalClient, someone: Visitor
) -> None:
    tokens = sees_sid.tokens(someone)
    watched.client("unseeing").sign_in(someone)
    sees_end.sign_in(someone)
    page = log_out(sees_sid, someone, tokens, state="a&b")
    assert page.status_code == 200
    with_sid, without = sorted(frames(page), reverse=True)
    address, _, query = with_sid.partition("?")
    assert address == f"{sees_sid.registration.address}{FRAME}sees-sid"
    sid = watched.read(tokens.id_token)[1]["sid"]
    assert dict(parse_qsl(query)) == {"kept": "1", "iss": watched.issuer, "sid": sid}
    assert without == sees_end.registration.table["frontchannel_logout_uri"]
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert set(policy["frame-src"].split()) == {one.registration.address for one in (sees_sid, sees_end)}
    assert f'id="onward" class="button" href="{onward(sees_sid)}?state=a%26b"' in page.text
    assert not signed_in(sees_sid, someone)


def test_only_clients_that_were_visited_are_told(
    sees_sid: PortalClient, sees_end: PortalClient, someone: Visitor
) -> None:
    tokens = sees_end.tokens(someone)
    assert frames(log_out(sees_end, someone, tokens)) == [sees_end.registration.table["frontchannel_logout_uri"]]


def test_where_no_client_wants_it_the_browser_is_redirected_at_once_rp_initiated_3(
    watched: Provider, someone: Visitor
) -> None:
    unseeing = watched.client("unseeing")
    response = log_out(unseeing, someone, unseeing.tokens(someone))
    assert (response.status_code, response.headers["location"]) == (303, onward(unseeing))


def test_what_was_told_once_is_not_told_again(sees_sid: PortalClient, someone: Visitor) -> None:
    tokens = sees_sid.tokens(someone)
    assert frames(log_out(sees_sid, someone, tokens))
    again = log_out(sees_sid, someone, tokens)
    assert (again.status_code, again.headers["location"]) == (303, onward(sees_sid))


def test_whoever_says_yes_to_the_provider_itself_tells_them_too_and_stays_there(
    sees_sid: PortalClient, someone: Visitor
) -> None:
    sees_sid.sign_in(someone)
    page = someone.submit(someone.get("/end_session"), "logout-yes")
    assert [urlsplit(one).path for one in frames(page)] == [f"{FRAME}sees-sid"]
    assert "<script" not in page.text
    assert "http-equiv" not in page.text


def test_frames_can_run_their_scripts_and_lead_the_browser_nowhere(sees_sid: PortalClient, someone: Visitor) -> None:
    page = log_out(sees_sid, someone, sees_sid.tokens(someone))
    assert re.findall(r'<iframe [^>]*sandbox="([^"]*)"', page.text) == ["allow-scripts allow-same-origin"]


def test_discovery_says_so_frontchannel_3(watched: Provider) -> None:
    document = watched.get("/.well-known/openid-configuration").json()
    assert document["frontchannel_logout_supported"] is True
    assert document["frontchannel_logout_session_supported"] is True


def test_where_it_is_off_a_client_that_registered_for_it_is_not_told_so(
    client_factory: ClientFactory, visitor: Visitor
) -> None:
    client = client_factory("shares-api")
    assert "frontchannel_logout_uri" in client.registration.table
    response = log_out(client, visitor, client.tokens(visitor))
    assert (response.status_code, response.headers["location"]) == (303, onward(client))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that knows nobody."""
    with new_page(browser) as opened:
        yield opened


def tokens_at(page: Page, client: PortalClient) -> Tokens:
    """Sign in at the client in that browser, logging in where that is asked for."""
    asked = client.ask()
    page.goto(client.authorize_url(asked))
    if page.locator("#login-submit").count():
        page.locator("#username").fill("li.beijing")
        page.locator("#password").fill(PASSWORD)
        page.locator("#login-submit").click()
    page.wait_for_url(f"{client.redirect_uri}?**")
    landing = Landing(asked, dict(parse_qsl(urlsplit(page.url).query)), client.redirect_uri)
    response = client.exchange(landing)
    assert response.status_code == 200, response.text
    return Tokens(response.json(), landing)


def told(watched: Provider, client_id: str, sid: str | None = None) -> list[Received]:
    """Return the requests by which the browser told the client, of that session where it says of which."""
    return [one for one in watched.listener.received(f"{FRAME}{client_id}") if sid is None or sid in one.query]


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_browser_tells_two_clients_and_then_comes_to_the_third_frontchannel_3(
    scripts: bool, browser: Browser, watched: Provider, sees_sid: PortalClient, sees_end: PortalClient
) -> None:
    before = len(told(watched, "sees-end"))

    def seen(received: Received) -> Reply:
        # What had been told when the browser came on.
        counts = f"{len(told(watched, 'sees-sid', sid))} {len(told(watched, 'sees-end')) - before}"
        return Reply(body=counts.encode(), content_type="text/plain")

    with new_page(browser, scripts=scripts) as page:
        tokens = tokens_at(page, sees_sid)
        tokens_at(page, sees_end)
        sid = watched.read(tokens.id_token)[1]["sid"]
        watched.listener.replies["/bye"] = seen
        ask = httpx.QueryParams(id_token_hint=tokens.id_token, post_logout_redirect_uri=onward(sees_sid), state="s")
        page.goto(f"{watched.issuer}/end_session?{ask}")
        page.wait_for_url(f"{onward(sees_sid)}?state=s")
        assert page.inner_text("body") == "1 1"


def test_a_client_that_does_not_answer_does_not_hold_up_the_person(
    page: Page, watched: Provider, sees_sid: PortalClient, sees_end: PortalClient
) -> None:
    answered = threading.Event()

    def slowly(received: Received) -> Reply:
        assert answered.wait(20)
        # Nobody listens any more.
        return Reply(write=lambda handler: None)

    tokens = tokens_at(page, sees_sid)
    watched.listener.replies[f"{FRAME}sees-sid"] = slowly
    try:
        ask = httpx.QueryParams(id_token_hint=tokens.id_token, post_logout_redirect_uri=onward(sees_sid))
        page.goto(f"{watched.issuer}/end_session?{ask}", wait_until="commit")
        page.wait_for_url(onward(sees_sid))
        assert told(watched, "sees-sid", watched.read(tokens.id_token)[1]["sid"])
    finally:
        answered.set()
        del watched.listener.replies[f"{FRAME}sees-sid"]
