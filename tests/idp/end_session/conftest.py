"""Somebody who is signed in at a client, and the address that it has registered for afterwards.

And a provider whose clients notice in the browser that a session has ended.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.idp.authorize.answers import sent_to_client
from tests.idp.provider import Provider
from tests.listener import Listener
from tests.portal_client import PortalClient, Registration, Tokens
from tests.visitor import Visitor


@pytest.fixture
def tokens(client: PortalClient, visitor: Visitor) -> Tokens:
    """What `alpha` got when li.beijing signed in with `visitor`."""
    return client.tokens(visitor)


@pytest.fixture
def onward(client: PortalClient) -> str:
    """The post_logout_redirect_uri of `alpha`."""
    return str(client.registration.table["post_logout_redirect_uris"][0])


def signed_in(client: PortalClient, visitor: Visitor) -> bool:
    """Tell whether the session lives, as prompt=none tells (Core 3.1.2.1)."""
    answer = sent_to_client(client.authorize(visitor, prompt="none"), client.redirect_uri)
    assert answer.get("error") in (None, "login_required")
    return "code" in answer


def watching_clients(listener: Listener) -> list[Registration]:
    """Return clients that are told through the browser, which session it was or only that, and one that is not."""
    port = listener.port
    return [
        Registration.make(
            "sees-sid",
            port,
            frontchannel_logout_uri=f"http://sees-sid.localhost:{port}/frontchannel/sees-sid?kept=1",
            frontchannel_logout_session_required=True,
            post_logout_redirect_uris=[f"http://sees-sid.localhost:{port}/bye"],
        ),
        Registration.make(
            "sees-end", port, frontchannel_logout_uri=f"http://sees-end.localhost:{port}/frontchannel/sees-end"
        ),
        Registration.make("unseeing", port),
        # On the provider's own site, so that no browser keeps the provider's cookies from frames in its pages.
        Registration.make("near", port, redirect_uris=[f"http://near.idp.localhost:{port}/callback"]),
    ]


@pytest.fixture(scope="session")
def shared_watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """A provider of the certification set with these clients."""
    with Provider(tmp_path_factory.mktemp("watched"), watching_clients, idp_features="certification") as running:
        yield running


@pytest.fixture
def watched(shared_watched: Provider) -> Iterator[Provider]:
    """That provider, past all that an earlier test left."""
    shared_watched.clock.advance(4000)
    yield shared_watched
    shared_watched.say_goodbye()
