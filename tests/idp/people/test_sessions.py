"""Sessions at the provider: new at each log-in, ended by idleness, age, and whatever signs out (RFC 6819 4.4.1.9)."""

from __future__ import annotations

from idp.endpoints.browser import SESSION_COOKIE
from idp.people.sessions import session_id_of
from tests.idp.conftest import ClientFactory
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, refusal
from tests.visitor import Visitor


def _cookie(visitor: Visitor) -> str:
    return str(visitor.http.cookies[SESSION_COOKIE])


def _signed_in(provider: Provider, client: PortalClient, visitor: Visitor) -> bool:
    asked = client.ask(prompt="none")
    return "code" in client.landing(asked, client.authorize(visitor, asked)).parameters


def test_a_log_in_begins_a_session_under_a_new_id(provider: Provider, visitor: Visitor) -> None:
    planted = "planted-by-an-attacker-0123456789-0123456789"
    answer = visitor.http.get(f"{provider.issuer}/login", headers={"cookie": f"{SESSION_COOKIE}={planted}"})
    logged_in = visitor.log_in(answer, "li.beijing")
    set_cookie = next(one for one in logged_in.headers.get_list("set-cookie") if one.startswith(SESSION_COOKIE))
    assert planted not in set_cookie
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {one.strip() for one in set_cookie.split(";")}
    assert len(_cookie(visitor)) >= 43


def test_the_cookie_itself_is_nowhere_kept(provider: Provider, client: PortalClient, visitor: Visitor) -> None:
    client.tokens(visitor)
    cookie = _cookie(visitor)
    on_disk = b"".join(path.read_bytes() for path in provider.var.rglob("*") if path.is_file())
    assert cookie.encode() not in on_disk
    assert session_id_of(cookie).encode() in on_disk


def test_logging_in_again_keeps_what_was_visited_under_a_new_id(
    provider: Provider, client: PortalClient, client_factory: ClientFactory, visitor: Visitor
) -> None:
    first = client.tokens(visitor)
    before = _cookie(visitor)
    provider.clock.advance(100)
    second = client_factory("beta").tokens(visitor, prompt="login")
    assert _cookie(visitor) != before
    assert client.active(first.access_token)
    assert client.refresh(first.refresh_token).status_code == 200
    auth_times = [provider.read(one.id_token)[1]["auth_time"] for one in (first, second)]
    assert auth_times[1] == auth_times[0] + 100
    old = provider.visitor().http.get(
        client.authorize_url(client.ask(prompt="none")), headers={"cookie": f"{SESSION_COOKIE}={before}"}
    )
    assert "error=login_required" in old.headers["location"]


def test_another_person_at_the_same_browser_ends_the_first_ones_session(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    first = client.tokens(visitor, "li.beijing")
    second = client.tokens(visitor, "wang.tianjin", prompt="login")
    assert not client.active(first.access_token)
    assert client.active(second.access_token)
    assert provider.logout_tokens("alpha", provider.read(first.id_token)[1]["sid"])
    assert provider.read(first.id_token)[1]["sub"] != provider.read(second.id_token)[1]["sub"]


def test_a_session_that_is_not_used_for_an_hour_is_over(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    client.tokens(visitor)
    for _ in range(3):
        provider.clock.advance(3599)
        assert _signed_in(provider, client, visitor)
    provider.clock.advance(3600)
    assert not _signed_in(provider, client, visitor)


def test_a_session_is_over_after_eight_hours_however_much_it_is_used(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    client.tokens(visitor)
    for _ in range(15):
        provider.clock.advance(1900)
        assert _signed_in(provider, client, visitor)
    provider.clock.advance(8 * 3600 - 15 * 1900)
    assert not _signed_in(provider, client, visitor)


def test_whoever_is_frozen_is_out_everywhere_and_cannot_come_back(
    provider: Provider, client: PortalClient, client_factory: ClientFactory
) -> None:
    visitors = [provider.visitor(), provider.visitor()]
    tokens = [client.tokens(visitor, "rare.tianjin") for visitor in visitors]
    elsewhere = client_factory("beta").tokens(visitors[0], "rare.tianjin")
    parts = provider.parts
    person = provider.run(parts.stores.people.by_id("rare.tianjin"))
    provider.run(parts.sign_outs.freeze(person))
    try:
        assert not any(_signed_in(provider, client, visitor) for visitor in visitors)
        for one in tokens:
            assert refusal(client.refresh(one.refresh_token)) == "invalid_grant"
            assert provider.logout_tokens("alpha", provider.read(one.id_token)[1]["sid"])
        assert provider.logout_tokens("beta", provider.read(elsewhere.id_token)[1]["sid"])
        page = visitors[0].get("/login")
        assert visitors[0].log_in(page, "rare.tianjin").status_code == 403
    finally:
        provider.run(parts.sign_outs.unfreeze(person))
    assert visitors[0].log_in(visitors[0].get("/login"), "rare.tianjin").status_code == 303


def test_withdrawn_consent_ends_that_clients_sign_in_alone(
    provider: Provider, client_factory: ClientFactory, visitor: Visitor
) -> None:
    asks, other = client_factory("by-consent"), client_factory("alpha")
    tokens, others = asks.tokens(visitor, "zhou.xiongan"), other.tokens(visitor, "zhou.xiongan")
    assert provider.run(provider.parts.sign_outs.withdraw_consent("zhou.xiongan", "by-consent"))
    assert not asks.active(tokens.access_token)
    assert refusal(asks.refresh(tokens.refresh_token)) == "invalid_grant"
    assert provider.logout_tokens("by-consent", provider.read(tokens.id_token)[1]["sid"])
    assert other.active(others.access_token)
    assert not provider.run(provider.parts.sign_outs.withdraw_consent("zhou.xiongan", "by-consent"))
