"""The log-in page as somebody sees it who came without a portal, and the events that the provider kept."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from idp.model import AuditEvent
from tests.idp.provider import Provider
from tests.visitor import Visitor

LATE = ("session.expired", "logout.")
EventsSince = Callable[[], list[AuditEvent]]


@pytest.fixture
def page(visitor: Visitor) -> httpx.Response:
    """The log-in page of the zone."""
    return visitor.get("/login")


@pytest.fixture
def events(provider: Provider) -> EventsSince:
    """A function that returns the security events of this test, oldest first.

    What earlier tests left behind is left out: sessions that run out when the clock is moved on, and whoever is told.
    """
    begun = provider.clock()

    def since() -> list[AuditEvent]:
        latest = provider.run(provider.parts.stores.audit.latest(200))
        return [event for event in reversed(latest) if event.at >= begun and not event.event.startswith(LATE)]

    return since
