"""People who have consented to nothing yet at the clients of these tests, whatever earlier tests did."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.idp.provider import Provider
from tests.portal_client import PortalClient

USERNAME = "chen.xiongan"
ClientFactory = Callable[[str], PortalClient]


@pytest.fixture(autouse=True)
def nothing_consented(provider: Provider) -> None:
    for client_id in provider.registrations:
        provider.run(provider.parts.stores.consents.withdraw(USERNAME, client_id, provider.clock()))
