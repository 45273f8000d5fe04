"""An authorization request that waits for a person: expired, foreign, done already, in a second tab, gone back to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from idp.endpoints import browser
from idp.model import Grant, SignIn
from idp.people.sessions import TOUCH_SECONDS
from idp.people.sign_outs import Reason
from tests.idp.authorize.answers import asks_to_log_in, refused_on_a_page, sent_to_client
from tests.idp.provider import Provider
from tests.portal_client import PortalClient
from tests.replaced import replace
from tests.visitor import Visitor


def interaction_of(page: httpx.Response) -> str:
    """Return the interaction that a log-in or consent page belongs to."""
    return str(page.url.params["interaction"])


@pytest.fixture
def page(client: PortalClient, visitor: Visitor) -> httpx.Response:
    """The log-in page that `visitor` was led to."""
    return visitor.follow(client.authorize(visitor))


@pytest.mark.parametrize("path", ["login", "authorize", "consent"])
def test_an_interaction_that_has_expired_is_a_page(
    path: str, provider: Provider, visitor: Visitor, page: httpx.Response
) -> None:
    provider.clock.advance(1799)
    assert visitor.follow(visitor.get(f"/{path}?interaction={interaction_of(page)}")).status_code == 200
    provider.clock.advance(1)
    refused_on_a_page(visitor.get(f"/{path}?interaction={interaction_of(page)}"))


def test_a_log_in_form_that_has_expired_logs_nobody_in(
    provider: Provider, visitor: Visitor, page: httpx.Response
) -> None:
    provider.clock.advance(1801)
    refused_on_a_page(visitor.log_in(page, "li.beijing"))
    assert "manyou_session" not in visitor.http.cookies


@pytest.mark.parametrize("path", ["login", "authorize", "consent"])
def test_an_interaction_of_another_browser_is_a_page(path: str, provider: Provider, page: httpx.Response) -> None:
    stranger = provider.visitor()
    refused_on_a_page(stranger.get(f"/{path}?interaction={interaction_of(page)}"))
    stranger.get("/login")
    refused_on_a_page(stranger.get(f"/{path}?interaction={interaction_of(page)}"))


@pytest.mark.parametrize("interaction", ["unknown", "x" * 65, "x" * 10_000, "\u4e2d", "' OR 1=1 --"])
def test_an_unknown_interaction_is_a_page(interaction: str, visitor: Visitor) -> None:
    for path in ("login", "authorize", "consent"):
        refused_on_a_page(visitor.http.get(f"{visitor.issuer}/{path}", params={"interaction": interaction}))


def test_an_interaction_is_answered_once(client: PortalClient, visitor: Visitor, page: httpx.Response) -> None:
    back = visitor.log_in(page, "li.beijing").headers["location"]
    assert "code" in sent_to_client(visitor.get(back), client.redirect_uri)
    for path in ("authorize", "consent"):
        again = visitor.get(f"/{path}?interaction={interaction_of(page)}")
        assert "code=" not in again.headers.get("location", "")


def test_of_two_windows_that_finish_it_at_once_one_gets_a_code(
    provider: Provider, visitor: Visitor, page: httpx.Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    interactions = provider.parts.stores.interactions
    complete = interactions.complete

    async def overtaken(interaction_id: str, now: float) -> bool:
        assert await complete(interaction_id, now)
        return bool(await complete(interaction_id, now))

    back = visitor.log_in(page, "li.beijing").headers["location"]
    monkeypatch.setattr(interactions, "complete", overtaken)
    refused_on_a_page(visitor.get(back))


@pytest.mark.parametrize(("store", "step"), [("sign_ins", "enter"), ("grants", "issue")])
def test_whoever_logs_out_while_it_is_answered_is_not_signed_in_any_more(
    store: str, step: str, provider: Provider, client: PortalClient, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.sign_in(visitor)
    # Until then the client is known to have been in the session a moment ago, and is not entered again.
    provider.clock.advance(TOUCH_SECONDS)
    parts = provider.parts
    go_on = getattr(getattr(parts.stores, store), step)

    async def overtaken(entered: SignIn | Grant, *more: Any) -> Any:
        await parts.sign_outs.session(entered.session_id, entered.user_id, Reason.LOGGED_OUT)
        return await go_on(entered, *more)

    monkeypatch.setattr(getattr(parts.stores, store), step, overtaken)
    assert sent_to_client(client.authorize(visitor), client.redirect_uri)["error"] == "login_required"


def test_the_back_button_after_logging_in_leads_to_a_page_that_says_so_and_links_on(
    client: PortalClient, visitor: Visitor, page: httpx.Response
) -> None:
    visitor.follow(visitor.log_in(page, "li.beijing"))
    text = refused_on_a_page(visitor.get(str(page.url)))
    assert 'href="/"' in text
    # Pressing the button of the page that the browser kept is no way to a second code either.
    refused_on_a_page(visitor.log_in(page, "li.beijing"))


def test_reloading_the_log_in_page_shows_it_again(visitor: Visitor, page: httpx.Response) -> None:
    assert asks_to_log_in(visitor.get(str(page.url)))


def test_a_second_tab_goes_on_by_itself_after_a_log_in_in_the_first(
    client_factory: Callable[[str], PortalClient], visitor: Visitor
) -> None:
    alpha, beta = client_factory("alpha"), client_factory("beta")
    first, second = visitor.follow(alpha.authorize(visitor)), visitor.follow(beta.authorize(visitor))
    assert "code" in sent_to_client(visitor.follow(visitor.log_in(first, "li.beijing")), alpha.redirect_uri)
    # Reloaded, it needs no password; with the stale form sent, it takes one and goes on as well.
    assert "code" in sent_to_client(visitor.follow(visitor.get(str(second.url))), beta.redirect_uri)
    third = visitor.follow(beta.authorize(visitor, prompt="login"))
    fourth = visitor.follow(alpha.authorize(visitor, prompt="login"))
    assert "code" in sent_to_client(visitor.follow(visitor.log_in(third, "li.beijing")), beta.redirect_uri)
    assert "code" in sent_to_client(visitor.follow(visitor.log_in(fourth, "li.beijing")), alpha.redirect_uri)


def test_a_log_in_for_one_tab_is_none_for_the_other_that_wants_its_own_core_3_1_2_1(
    client: PortalClient, visitor: Visitor
) -> None:
    client.sign_in(visitor)
    first = visitor.follow(client.authorize(visitor, prompt="login"))
    second = visitor.follow(client.authorize(visitor, prompt="login"))
    visitor.follow(visitor.log_in(first, "li.beijing"))
    assert asks_to_log_in(visitor.follow(visitor.get(f"/authorize?interaction={interaction_of(second)}")))


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}])
def test_a_tab_that_was_opened_signed_out_and_wants_a_log_in_of_its_own_asks_and_does_not_go_round_in_circles(
    changes: dict[str, str], client: PortalClient, visitor: Visitor
) -> None:
    waiting = visitor.follow(client.authorize(visitor, client.ask(**changes)))
    client.sign_in(visitor)
    asked = visitor.follow(visitor.get(str(waiting.url)))
    assert asks_to_log_in(asked)
    assert "code" in sent_to_client(visitor.follow(visitor.log_in(asked, "li.beijing")), client.redirect_uri)


def test_an_interaction_that_was_refused_is_done_as_well(
    client: PortalClient, visitor: Visitor, provider: Provider
) -> None:
    hint = client.tokens(provider.visitor(), "wang.tianjin").id_token
    page = visitor.follow(client.authorize(visitor, id_token_hint=hint))
    visitor.follow(visitor.log_in(page, "li.beijing"))
    refused_on_a_page(visitor.get(f"/authorize?interaction={interaction_of(page)}"))


def test_the_request_that_waits_is_the_one_that_was_checked_not_what_comes_with_it_later(
    client: PortalClient, visitor: Visitor, page: httpx.Response
) -> None:
    visitor.log_in(page, "li.beijing")
    later = (
        f"/authorize?interaction={interaction_of(page)}&scope=openid+id_number&redirect_uri=https://stranger.example"
    )
    answer = sent_to_client(visitor.get(later), client.redirect_uri)
    assert "code" in answer


def test_no_network_fills_the_disk_with_requests_that_wait(
    client: PortalClient, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idp.endpoints.interactions.MOST_OF_ONE_NETWORK", 2)
    first, second, third = (provider.visitor() for _ in range(3))
    page = first.follow(client.authorize(first))
    assert asks_to_log_in(page)
    assert asks_to_log_in(second.follow(client.authorize(second)))
    refused = client.authorize(third)
    refused_on_a_page(refused, 503)
    assert refused.headers["retry-after"] == "60"
    # Who is at the log-in page goes on, and so makes room.
    assert "code=" in first.follow(first.log_in(page, "li.beijing")).headers["location"]
    assert asks_to_log_in(third.follow(client.authorize(third)))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unknown", "unknown"),
    ],
)
def test_a_network_is_what_one_subscriber_has(address: str, network: str) -> None:
    assert browser.network(Request({"type": "http", "client": (address, 1)})) == network


@pytest.mark.parametrize(("name", "value"), [("redirect_uri", "https://stranger.example/"), ("client_id", "gone")])
def test_a_waiting_request_is_checked_again_since_its_client_may_have_changed(
    name: str, value: str, visitor: Visitor, page: httpx.Response, provider: Provider
) -> None:
    interactions = provider.parts.stores.interactions
    kept = provider.run(interactions.get(interaction_of(page)))
    parameters = tuple({**dict(kept.parameters), name: value}.items())
    provider.run(interactions.open(replace(kept, interaction_id=f"{interaction_of(page)}-2", parameters=parameters), 9))
    for path in ("login", "authorize"):
        refused_on_a_page(visitor.get(f"/{path}?interaction={interaction_of(page)}-2"))


def test_nobody_is_asked_to_log_in_for_a_request_that_its_client_may_not_send_any_more(
    visitor: Visitor, page: httpx.Response, provider: Provider
) -> None:
    interactions = provider.parts.stores.interactions
    kept = provider.run(interactions.get(interaction_of(page)))
    parameters = tuple({**dict(kept.parameters), "scope": "taken_away"}.items())
    provider.run(interactions.open(replace(kept, interaction_id=f"{interaction_of(page)}-2", parameters=parameters), 9))
    refused_on_a_page(visitor.get(f"/login?interaction={interaction_of(page)}-2"))
