"""Someone who is signed in already, so that /authorize answers the client at once."""

from __future__ import annotations

import pytest

from tests.portal_client import PortalClient
from tests.visitor import Visitor


@pytest.fixture
def signed_in(client: PortalClient, visitor: Visitor) -> Visitor:
    """A browser at which li.beijing has signed in at `alpha`."""
    client.sign_in(visitor)
    return visitor
