"""Which parameters of an authorization request count: its own, those pushed before, or those of a request object.

Whichever way they came, what comes out has one shape, and the same checks follow (RFC 9126 4, Core 6, RFC 9101 5).
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct

from idp.clients import Clients
from idp.errors import PageRefusal
from idp.model import Client, Source
from idp.oauth.secret_hash import hash_of
from idp.stores.protocols import PushedRequests
from web.clock import Clock
from web.forms import Parameters

PUSHED_PREFIX = "urn:ietf:params:oauth:request_uri:"


class Incoming(Struct, frozen=True):
    """A request's client and the parameters that count.

    `pushed` is the hash of the request_uri to be used up; `dpop_jkt` the key proven when it was pushed; `was_pushed`
    is true at /par itself, too; `opened` once a request object's parameters are among these.
    """

    client: Client
    parameters: Parameters
    source: Source = "plain"
    pushed: str | None = None
    dpop_jkt: str | None = None
    was_pushed: bool = False
    opened: bool = False


@dataclass(frozen=True)
class Sources:
    """Where parameters can come from."""

    clients: Clients
    pushed_requests: PushedRequests
    clock: Clock

    async def of(self, parameters: Parameters) -> Incoming:
        """Return what counts of a request at /authorize. Raises PageRefusal."""
        client = await self.client(parameters)
        for name in sorted(parameters.repeated() & {"request", "request_uri"}):
            # RFC 6749 3.1: of two requests in one nobody knows which was meant, nor where its refusal should go.
            raise PageRefusal("bad_request", f"{name} is repeated.", client_id=client.client_id)
        request_uri = parameters.get("request_uri")
        if request_uri is not None and request_uri.startswith(PUSHED_PREFIX):
            return await self._pushed(client, request_uri)
        return Incoming(client, parameters)

    async def client(self, parameters: Parameters) -> Client:
        """Return the client: without a known one nothing is redirected (RFC 6749 4.1.2.1). Raises PageRefusal."""
        if "client_id" in parameters.repeated():
            raise PageRefusal("bad_request", "client_id is repeated.")
        client_id = parameters.get("client_id")
        if client_id is None:
            raise PageRefusal("unknown_client", "client_id is missing.")
        client = await self.clients.find(client_id)
        if client is None:
            raise PageRefusal(
                "unknown_client", "This client is not registered.", reason=f"unknown client {client_id[:80]!r}"
            )
        return client

    async def _pushed(self, client: Client, request_uri: str) -> Incoming:
        # RFC 9126 4: what else the request says besides client_id does not count.
        request = await self.pushed_requests.get(hash_of(request_uri))
        if request is None or request.client_id != client.client_id:
            raise _bad_request_uri(client, "unknown" if request is None else f"pushed by {request.client_id}")
        if request.used_at is not None:
            raise used_before(client)
        if request.expires_at <= self.clock():
            raise _bad_request_uri(client, "expired")
        return Incoming(
            client,
            Parameters(request.parameters),
            request.source,
            request.request_uri_hash,
            request.dpop_jkt,
            was_pushed=True,
            opened=True,
        )


def used_before(client: Client) -> PageRefusal:
    """Return the refusal of a request_uri that was used up (RFC 9126 4, FAPI 2.0 Security Profile 5.3.2.2)."""
    return _bad_request_uri(client, "used before")


def _bad_request_uri(client: Client, reason: str) -> PageRefusal:
    public = "This request_uri is unknown, expired, used, or of another client."
    return PageRefusal("request_uri", public, reason=reason, code="invalid_request_uri", client_id=client.client_id)
