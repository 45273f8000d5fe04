"""A session at the provider: kept by use, ended by idleness, by age or by another person; and who is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.idp.authorize.answers import asks_to_log_in, sent_to_client
from tests.idp.login.conftest import EventsSince
from tests.idp.provider import Provider
from tests.portal_client import PortalClient
from tests.visitor import Visitor

IDLE, ABSOLUTE = 3600, 8 * 3600
ClientFactory = Callable[[str], PortalClient]


def id_token(provider: Provider, client: PortalClient, visitor: Visitor, **changes: str | None) -> dict[str, Any]:
    return provider.read(client.tokens(visitor, "li.beijing", **changes).id_token)[1]


def still_in(client: PortalClient, visitor: Visitor) -> bool:
    """Tell whether prompt=none succeeds."""
    answer = sent_to_client(client.authorize(visitor, prompt="none"), client.redirect_uri)
    assert answer.get("error") in (None, "login_required")
    return "code" in answer


def test_each_client_has_a_sid_of_its_own_that_stays_backchannel_logout_2_1(
    provider: Provider, client_factory: ClientFactory, visitor: Visitor
) -> None:
    alpha, beta = client_factory("alpha"), client_factory("beta")
    first, second = id_token(provider, alpha, visitor), id_token(provider, beta, visitor)
    assert len({first["sid"], second["sid"], first["sub"], second["sub"]}) == 4
    assert len(first["sid"]) >= 22  # 128 bit
    again = id_token(provider, alpha, visitor)
    assert (again["sid"], again["sub"]) == (first["sid"], first["sub"])
    elsewhere = id_token(provider, alpha, provider.visitor())
    assert (elsewhere["sid"] != first["sid"], elsewhere["sub"]) == (True, first["sub"])


def test_logging_in_again_keeps_the_sign_ins_of_all_portals(
    provider: Provider, client_factory: ClientFactory, visitor: Visitor
) -> None:
    alpha, beta = client_factory("alpha"), client_factory("beta")
    at_alpha, at_beta = id_token(provider, alpha, visitor), id_token(provider, beta, visitor)
    access = beta.tokens(visitor).access_token
    provider.clock.advance(10)
    again = id_token(provider, alpha, visitor, prompt="login")
    assert again["sid"] == at_alpha["sid"]
    assert again["auth_time"] == at_alpha["auth_time"] + 10
    assert id_token(provider, beta, visitor)["sid"] == at_beta["sid"]
    assert beta.active(access)
    told = provider.listener.received("/backchannel-logout/beta")
    assert at_beta["sid"] not in [provider.read(one.form["logout_token"])[1]["sid"] for one in told]


def test_another_person_who_logs_in_ends_the_first_ones_session_and_the_portals_are_told(
    provider: Provider, client_factory: ClientFactory, visitor: Visitor
) -> None:
    alpha, beta = client_factory("alpha"), client_factory("beta")
    tokens = beta.tokens(visitor, "li.beijing")
    sid = provider.read(tokens.id_token)[1]["sid"]
    landing = alpha.sign_in(visitor, "wang.tianjin", prompt="login")
    (told,) = provider.logout_tokens("beta", sid)
    assert provider.read(told)[1]["sub"] == provider.read(tokens.id_token)[1]["sub"]
    assert not beta.active(tokens.access_token)
    assert beta.refresh(tokens.refresh_token).json()["error"] == "invalid_grant"
    assert alpha.exchange(landing).status_code == 200


@pytest.mark.parametrize(("seconds", "lives"), [(IDLE - 1, True), (IDLE, False)])
def test_a_session_ends_when_it_is_idle_for_an_hour(
    seconds: int, lives: bool, provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    client.sign_in(visitor)
    provider.clock.advance(seconds)
    assert still_in(client, visitor) == lives
    assert asks_to_log_in(visitor.get("/login")) != lives


def test_use_keeps_a_session_until_its_absolute_end(provider: Provider, client: PortalClient, visitor: Visitor) -> None:
    client.sign_in(visitor)
    for _ in range(ABSOLUTE // 1800 - 1):
        provider.clock.advance(1800)
        assert still_in(client, visitor)
    provider.clock.advance(1799)
    assert still_in(client, visitor)
    provider.clock.advance(1)
    assert not still_in(client, visitor)


def test_a_session_that_is_used_every_half_minute_does_not_end_when_the_idle_time_is_a_minute(
    make_provider: Callable[..., Provider],
) -> None:
    provider = make_provider(idp_session_idle_seconds=60)
    client, visitor = provider.client(), provider.visitor()
    client.sign_in(visitor)
    for _ in range(6):
        provider.clock.advance(30)
        assert still_in(client, visitor)
    provider.clock.advance(61)
    assert not still_in(client, visitor)


@pytest.mark.parametrize("seconds", [IDLE, ABSOLUTE])
def test_the_portals_of_a_session_that_has_run_out_are_told(
    seconds: int, provider: Provider, client: PortalClient, visitor: Visitor, events: EventsSince
) -> None:
    tokens = client.tokens(visitor)
    sid = provider.read(tokens.id_token)[1]["sid"]
    provider.clock.advance(seconds)
    provider.run(provider.parts.sign_outs.expire(IDLE))
    (told,) = provider.logout_tokens("alpha", sid)
    claims = provider.read(told)[1]
    assert (claims["sid"], claims["sub"]) == (sid, provider.read(tokens.id_token)[1]["sub"])
    assert client.refresh(tokens.refresh_token).json()["error"] == "invalid_grant"


def test_a_session_that_has_run_out_is_kept_as_an_event_with_whose_it_was(
    provider: Provider, client: PortalClient, visitor: Visitor
) -> None:
    client.sign_in(visitor, "chen.xiongan")
    provider.clock.advance(IDLE)
    provider.run(provider.parts.sign_outs.expire(IDLE))
    expired = provider.run(provider.parts.stores.audit.latest(200, "session.expired"))
    assert "chen.xiongan" in [event.user_id for event in expired if event.at == provider.clock()]


@pytest.mark.parametrize("cookie", ["", "x", "x" * 43, "x" * 5000, "\u00e4" * 10])
def test_a_made_up_session_cookie_is_nobody(cookie: str, client: PortalClient, visitor: Visitor) -> None:
    header = {b"cookie": f"manyou_session={cookie}".encode("latin-1")}
    response = visitor.http.get(client.authorize_url(client.ask(prompt="none")), headers=header)
    assert sent_to_client(response, client.redirect_uri)["error"] == "login_required"


def test_a_restart_keeps_sessions(make_provider: Callable[..., Provider]) -> None:
    provider = make_provider()
    client, visitor = provider.client(), provider.visitor()
    first = id_token(provider, client, visitor)
    provider.restart()
    assert id_token(provider, client, visitor, prompt="none")["sid"] == first["sid"]
