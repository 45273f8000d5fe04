"""Someone who is signed in already, so that /authorize answers the client at once; here and where everything is on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.idp.provider import Provider
from tests.portal_client import PortalClient
from tests.visitor import Visitor


@pytest.fixture
def signed_in(client: PortalClient, visitor: Visitor) -> Visitor:
    """A browser at which li.beijing has signed in at `alpha`."""
    client.sign_in(visitor)
    return visitor


@pytest.fixture(scope="session")
def shared_certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """A provider of the certification set."""
    with Provider(tmp_path_factory.mktemp("certified"), idp_features="certification") as running:
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
