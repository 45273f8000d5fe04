"""A client that is not told of log-outs has ID tokens without sid, and they are good hints (RP-Initiated Logout 2)."""

from __future__ import annotations

import httpx
import pytest

from tests.idp.conftest import ClientFactory
from tests.idp.end_session.conftest import signed_in
from tests.idp.provider import Provider
from tests.portal_client import PortalClient
from tests.visitor import Visitor


@pytest.fixture
def plain(client_factory: ClientFactory) -> PortalClient:
    """The client that has registered no logout URI."""
    return client_factory("plain")


def hinting(plain: PortalClient, provider: Provider, visitor: Visitor, username: str) -> str:
    """Sign that person in at `plain` and return the ID token."""
    token = plain.tokens(visitor, username).id_token
    assert "sid" not in provider.read(token)[1]
    return token


def asks(page: httpx.Response) -> bool:
    return page.status_code == 200 and 'id="logout-yes"' in page.text


def test_it_ends_the_session_in_which_its_person_visited_that_client(
    plain: PortalClient, provider: Provider, visitor: Visitor
) -> None:
    hint = hinting(plain, provider, visitor, "li.beijing")
    (onward,) = plain.registration.table["post_logout_redirect_uris"]
    response = plain.end_session(visitor, id_token_hint=hint, post_logout_redirect_uri=onward)
    assert (response.status_code, response.headers["location"]) == (303, onward)
    assert not signed_in(plain, visitor)


def test_it_ends_nobody_elses_session(plain: PortalClient, provider: Provider, visitor: Visitor) -> None:
    hint = hinting(plain, provider, visitor, "li.beijing")
    stranger = provider.visitor()
    hinting(plain, provider, stranger, "wang.tianjin")
    assert asks(plain.end_session(stranger, id_token_hint=hint))
    assert signed_in(plain, stranger)


def test_it_ends_no_session_in_which_that_client_was_not_visited(
    plain: PortalClient, client: PortalClient, provider: Provider, visitor: Visitor
) -> None:
    hint = hinting(plain, provider, visitor, "li.beijing")
    elsewhere = provider.visitor()
    client.tokens(elsewhere, "li.beijing")
    assert asks(plain.end_session(elsewhere, id_token_hint=hint))
    assert signed_in(client, elsewhere)
