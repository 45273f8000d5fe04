"""From the moment at which an account is frozen, or gone, nothing of it works, though not everything has been ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.idp.authorize.answers import asks_to_log_in
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, refusal
from tests.visitor import Visitor

WHO = "gao.beijing"


@pytest.fixture(params=["frozen", "gone"])
def mark(request: pytest.FixtureRequest, provider: Provider) -> Iterator[Callable[[bool], None]]:
    """Marks the account and does nothing else: freezing begins like that, and what it ends it ends afterwards."""

    def set_frozen(frozen: bool) -> None:
        provider.run(provider.parts.stores.people.set_frozen(WHO, frozen, provider.clock()))

    def set_gone(gone: bool) -> None:
        # No verb of ours takes an account away; whoever does it in the database leaves all else as it is.
        with closing(sqlite3.connect(provider.var / "idp.db", isolation_level=None)) as connection:
            names = ("nobody", WHO) if gone else (WHO, "nobody")
            assert connection.execute("UPDATE people SET user_id = ? WHERE user_id = ?", names).rowcount == 1

    yield set_frozen if request.param == "frozen" else set_gone
    set_frozen(False)


def test_a_session_that_lives_on_lets_nobody_in(
    mark: Callable[[bool], None], client: PortalClient, visitor: Visitor
) -> None:
    client.sign_in(visitor, WHO)
    mark(True)
    assert asks_to_log_in(visitor.follow(client.authorize(visitor)))
    mark(False)
    assert client.sign_in(visitor, WHO, prompt="none").code


def test_a_code_that_waits_is_not_redeemed(
    mark: Callable[[bool], None], client: PortalClient, visitor: Visitor
) -> None:
    landing = client.sign_in(visitor, WHO)
    mark(True)
    assert refusal(client.exchange(landing)) == "invalid_grant"
    mark(False)
    assert client.exchange(landing).status_code == 200


def test_a_refresh_token_brings_nothing(mark: Callable[[bool], None], client: PortalClient, visitor: Visitor) -> None:
    tokens = client.tokens(visitor, WHO)
    mark(True)
    assert refusal(client.refresh(tokens.refresh_token)) == "invalid_grant"
    mark(False)
    assert client.refresh(tokens.refresh_token).status_code == 200


def test_userinfo_tells_nothing_of_the_person(
    mark: Callable[[bool], None], client: PortalClient, visitor: Visitor
) -> None:
    token = client.tokens(visitor, WHO).access_token
    mark(True)
    assert refusal(client.userinfo(token), 401) == "invalid_token"
    mark(False)
    assert client.userinfo(token).status_code == 200
