"""From the moment at which an account is frozen nothing of it works, though not everything of it has been ended yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.idp.authorize.answers import asks_to_log_in
from tests.idp.provider import Provider
from tests.portal_client import PortalClient, refusal
from tests.visitor import Visitor

WHO = "gao.beijing"


@pytest.fixture
def mark(provider: Provider) -> Iterator[Callable[[bool], None]]:
    """Marks the account as frozen and does nothing else: the first step of `SignOuts.freeze`, the others to come."""

    def set_frozen(frozen: bool) -> None:
        provider.run(provider.parts.stores.people.set_frozen(WHO, frozen, provider.clock()))

    yield set_frozen
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
