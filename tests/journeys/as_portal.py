"""A running portal's own keys in the hands of a test: it speaks to the provider, and to APIs, as that portal would."""

from __future__ import annotations

from time import time
from typing import Any

import httpx
from joserfc.jwk import ECKey

from lab.region import RegionThread
from portals.parts import Parts
from tests.person import Person
from tests.portal_client import Asked, Landing, PortalClient, Registration, Tokens
from web.clock import Clock
from web.dpop import make_proof


def parts_of(region: RegionThread, portal: str) -> Parts:
    """Return the parts of a running portal."""
    parts: Parts = region.app(portal).state.portal
    return parts


def as_portal(person: Person, portal: str, clock: Clock) -> PortalClient:
    """Return a client that is that portal for the provider; its back channel has the person's connections only."""
    parts = parts_of(person.region, portal)
    registration = Registration(portal, parts.key, dict(parts.portal.client), parts.portal.address)
    return PortalClient(registration, person.region.issuer, person.browser, clock, parts.dpop_key)


def push(client: PortalClient, asked: Asked) -> str:
    """Push a request and return the address that the browser goes on with (RFC 9126 4)."""
    answer = client.call("/par", asked.parameters)
    assert answer.status_code == 201, answer.text
    return client.authorize_url(Asked({"client_id": client.client_id, "request_uri": answer.json()["request_uri"]}, ""))


def land(person: Person, client: PortalClient, **changes: str | None) -> Landing:
    """Send the signed-in person through an authorization request of the test's own and stop before the portal."""
    asked = client.ask(**changes)
    answer = person.go(push(client, asked), until=client.redirect_uri)
    if person.asked_for_password():
        answer = person.log_in(until=client.redirect_uri)
    return client.landing(asked, answer)


def tokens(person: Person, client: PortalClient, **changes: Any) -> Tokens:
    """Return what the provider gives this portal for a request of the test's own."""
    landing = land(person, client, **changes)
    answer = client.exchange(landing)
    assert answer.status_code == 200, answer.text
    return Tokens(answer.json(), landing)


def whoami(person: Person, portal: str, token: str, *, key: ECKey | None = None, clock: Clock = time) -> httpx.Response:
    """Ask the portal's API with a token, whatever it is, and a proof of the portal's key, or of `key`."""
    return present(person, portal, "/api/whoami", token, key or parts_of(person.region, portal).dpop_key, clock)


def userinfo(person: Person, portal: str, token: str, clock: Clock = time) -> httpx.Response:
    """Ask the provider about the person, with a token of that portal and its key."""
    return present(person, "idp", "/userinfo", token, parts_of(person.region, portal).dpop_key, clock)


def present(person: Person, service: str, path: str, token: str, key: ECKey, clock: Clock = time) -> httpx.Response:
    """Present a token (RFC 9449 7.1), and once more where the service wants a nonce."""
    url, nonce = person.region.address(service) + path, None
    while True:
        proof = make_proof(key, method="GET", url=url, now=clock(), nonce=nonce, access_token=token)
        headers: Any = {"authorization": b"DPoP " + token.encode(), "dpop": proof}
        answer = person.at(service, path, headers=headers)
        if nonce is not None or 'error="use_dpop_nonce"' not in answer.headers.get("www-authenticate", ""):
            return answer
        nonce = answer.headers["dpop-nonce"]
