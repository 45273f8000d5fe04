"""An account frozen or a level lowered reaches every portal by the same signal as a log-out (Back-Channel Logout 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from idp.model import Person
from tests.idp.end_session.conftest import signed_in
from tests.idp.provider import Provider
from tests.portal_client import PortalClient
from tests.visitor import Visitor

ClientFactory = Callable[[str], PortalClient]
USERNAME = "zhou.xiongan"


@pytest.fixture
def person(provider: Provider) -> Iterator[Person]:
    """Somebody whose account and level these tests change, and who has them back afterwards."""
    people = provider.parts.stores.people
    found = provider.run(people.by_id(USERNAME))
    yield found
    provider.run(people.set_frozen(USERNAME, False, provider.clock()))
    provider.run(people.set_level(USERNAME, found.level, provider.clock()))


def test_freezing_ends_every_session_and_tells_every_portal(
    provider: Provider, client_factory: ClientFactory, visitor: Visitor, person: Person
) -> None:
    alpha, beta, elsewhere = client_factory("alpha"), client_factory("beta"), provider.visitor()
    got = [(alpha, alpha.tokens(visitor, USERNAME)), (beta, beta.tokens(elsewhere, USERNAME))]
    provider.run(provider.parts.sign_outs.freeze(person))
    for client, tokens in got:
        provider.logout_tokens(client.client_id, provider.read(tokens.id_token)[1]["sid"])
        assert not client.active(tokens.access_token)
        assert client.userinfo(tokens.access_token).status_code == 401
        assert client.refresh(tokens.refresh_token).json()["error"] == "invalid_grant"
    assert not signed_in(alpha, visitor)
    assert not signed_in(beta, elsewhere)


def test_unfreezing_lets_log_in_anew_and_revives_nothing(
    provider: Provider, client: PortalClient, visitor: Visitor, person: Person
) -> None:
    tokens = client.tokens(visitor, USERNAME, scope="openid offline_access", prompt="consent")
    provider.run(provider.parts.sign_outs.freeze(person))
    provider.run(provider.parts.sign_outs.unfreeze(person))
    assert not signed_in(client, visitor)
    assert not client.active(tokens.access_token)
    assert client.refresh(tokens.refresh_token).json()["error"] == "invalid_grant"
    assert client.sign_in(visitor, USERNAME).code


def test_a_code_that_waits_when_the_account_is_frozen_is_worth_nothing(
    provider: Provider, client: PortalClient, visitor: Visitor, person: Person
) -> None:
    landing = client.sign_in(visitor, USERNAME)
    provider.run(provider.parts.sign_outs.freeze(person))
    assert client.exchange(landing).json()["error"] == "invalid_grant"


def test_a_level_that_is_lowered_ends_the_sign_ins_and_the_session_goes_on_at_the_lower_level(
    provider: Provider, client: PortalClient, visitor: Visitor, person: Person
) -> None:
    tokens = client.tokens(visitor, USERNAME)
    before = provider.read(tokens.id_token)[1]
    assert before["acr"] == f"urn:manyou:loa:{person.level}"
    provider.run(provider.parts.sign_outs.set_level(person, person.level - 1))
    provider.logout_tokens("alpha", before["sid"])
    assert not client.active(tokens.access_token)
    assert client.refresh(tokens.refresh_token).json()["error"] == "invalid_grant"
    after = provider.read(client.tokens(visitor, USERNAME, prompt="none").id_token)[1]
    assert after["acr"] == f"urn:manyou:loa:{person.level - 1}"
    assert after["sid"] != before["sid"]
    assert after["sub"] == before["sub"]


def test_a_level_that_is_raised_ends_nothing_and_counts_from_the_next_log_in(
    provider: Provider, client: PortalClient, visitor: Visitor, person: Person
) -> None:
    provider.run(provider.parts.stores.people.set_level(USERNAME, 2, provider.clock()))
    lower = provider.run(provider.parts.stores.people.by_id(USERNAME))
    tokens = client.tokens(visitor, USERNAME)
    provider.run(provider.parts.sign_outs.set_level(lower, 4))
    assert client.active(tokens.access_token)
    assert acr(provider, client, visitor, prompt="none") == "urn:manyou:loa:2"
    assert acr(provider, client, visitor, prompt="login") == "urn:manyou:loa:4"


def acr(provider: Provider, client: PortalClient, visitor: Visitor, *, prompt: str) -> str:
    return str(provider.read(client.tokens(visitor, USERNAME, prompt=prompt).id_token)[1]["acr"])


def test_what_an_operator_does_is_kept_as_events(
    provider: Provider, client: PortalClient, visitor: Visitor, person: Person
) -> None:
    # The sessions that earlier tests left end now, and not among what is looked at.
    provider.run(provider.parts.sign_outs.expire(provider.parts.settings.idp_session_idle_seconds))
    client.sign_in(visitor, USERNAME)
    provider.run(provider.parts.sign_outs.set_level(person, 1))
    provider.run(provider.parts.sign_outs.freeze(person))
    provider.run(provider.parts.sign_outs.unfreeze(person))
    latest = provider.run(provider.parts.stores.audit.latest(100))
    mine = [event for event in reversed(latest) if event.user_id == USERNAME and event.at == provider.clock()]
    names = [event.event for event in mine if not event.event.startswith(("logout.", "session.expired"))]
    assert names[-5:] == ["level.changed", "sign_in.ended", "account.frozen", "session.ended", "account.unfrozen"]
    changed = next(event for event in mine if event.event == "level.changed")
    assert changed.detail == {"old": person.acr, "new": "urn:manyou:loa:1"}
