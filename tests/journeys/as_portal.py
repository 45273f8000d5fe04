"""A running portal's own key in the hands of a test: it speaks to the provider as that portal would."""

from __future__ import annotations

from typing import Any

from lab.region import RegionThread
from portals.parts import Parts
from tests.person import Person
from tests.portal_client import Landing, PortalClient, Registration, Tokens
from web.clock import Clock


def parts_of(region: RegionThread, portal: str) -> Parts:
    """Return the parts of a running portal."""
    parts: Parts = region.app(portal).state.portal
    return parts


def as_portal(person: Person, portal: str, clock: Clock) -> PortalClient:
    """Return a client that is that portal for the provider; its back channel has the person's connections only."""
    parts = parts_of(person.region, portal)
    registration = Registration(portal, parts.key, dict(parts.portal.client), parts.portal.address)
    return PortalClient(registration, person.region.issuer, person.browser, clock)


def land(person: Person, client: PortalClient, **changes: str | None) -> Landing:
    """Send the signed-in person through an authorization request of the test's own and stop before the portal."""
    asked = client.ask(**changes)
    answer = person.go(client.authorize_url(asked), until=client.redirect_uri)
    if person.asked_for_password():
        answer = person.log_in(until=client.redirect_uri)
    return client.landing(asked, answer)


def tokens(person: Person, client: PortalClient, **changes: Any) -> Tokens:
    """Return what the provider gives this portal for a request of the test's own."""
    landing = land(person, client, **changes)
    answer = client.exchange(landing)
    assert answer.status_code == 200, answer.text
    return Tokens(answer.json(), landing)
