"""Someone who is signed in already, so that /authorize answers the client at once; here and where everything is on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from idp.features import CERTIFICATION
from tests.idp.provider import Provider
from tests.listener import Listener
from tests.portal_client import PortalClient, Registration
from tests.visitor import Visitor


@pytest.fixture
def signed_in(client: PortalClient, visitor: Visitor) -> Visitor:
    """A browser at which li.beijing has signed in at `alpha`."""
    client.sign_in(visitor)
    return visitor


def certified_clients(listener: Listener) -> list[Registration]:
    """Return a client of the usual kind, and one that is registered for every response_type and needs no PKCE."""
    return [
        Registration.make("alpha", listener.port),
        Registration.make(
            "hybrid",
            listener.port,
            response_types=list(CERTIFICATION.response_types),
            grant_types=["authorization_code", "refresh_token", "implicit"],
            require_pkce=False,
        ),
    ]


@pytest.fixture(scope="session")
def shared_certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """A provider of the certification set."""
    place = tmp_path_factory.mktemp("certified")
    with Provider(place, certified_clients, idp_features="certification") as running:
        yield running


@pytest.fixture(scope="session")
def someone(shared_certified: Provider) -> Visitor:
    """A browser at which li.beijing is signed in at the certification provider."""
    visitor = shared_certified.visitor()
    shared_certified.client("alpha").sign_in(visitor)
    return visitor


@pytest.fixture
def certified(shared_certified: Provider) -> PortalClient:
    """The client `alpha` at the certification provider."""
    return shared_certified.client("alpha")


@pytest.fixture
def hybrid(shared_certified: Provider) -> PortalClient:
    """The client `hybrid` at the certification provider."""
    return shared_certified.client("hybrid")
