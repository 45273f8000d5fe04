"""Pushed authorization requests: checked like those at /authorize, kept under a request_uri (RFC 9126 2)."""

from __future__ import annotations

from typing import Any

from idp.errors import Refusal, TokenRefusal
from idp.model import Client, PushedRequest
from idp.oauth.incoming import PUSHED_PREFIX, Incoming
from idp.oauth.secret_hash import hash_of
from idp.stores.protocols import PushedRequests
from web import base64url
from web.forms import Parameters

_CREDENTIALS = frozenset({"client_assertion", "client_assertion_type", "client_secret"})


def pushed(client: Client, parameters: Parameters, jkt: str | None) -> Incoming:
    """Return what `client` pushes, which is authenticated by now as the one that client_id names, if that is sent.

    `jkt` names the key that it proved. Raises TokenRefusal.
    """
    if parameters.get("request_uri") is not None:
        # RFC 9126 2.1: what is pushed does not point elsewhere.
        raise TokenRefusal("invalid_request", "The parameter request_uri cannot be pushed.")
    has_object = parameters.get("request") is not None
    if parameters.get("client_id") is None and not has_object:
        # RFC 9126 2.1: required, as in every authorization request; RFC 9126 3: unless a request object holds it.
        raise TokenRefusal("invalid_request", "client_id is missing.")
    # RFC 9126 3, RFC 9101 6.3: beside a request object nothing counts.
    asked = [(name, value) for name, value in parameters.pairs if name == "request" or not has_object]
    kept = [(name, value) for name, value in asked if name not in _CREDENTIALS]
    return Incoming(client, Parameters(tuple(kept)), dpop_jkt=jkt, was_pushed=True)


def refused(client: Client, refusal: Refusal) -> TokenRefusal:
    """Return a refusal that /authorize would show or redirect, with the same code, as JSON (RFC 9126 2.3)."""
    return TokenRefusal(refusal.code, refusal.public, reason=f"{client.client_id}: {refusal.reason}")


async def keep(store: PushedRequests, incoming: Incoming, now: float, seconds: int) -> dict[str, Any]:
    """Keep the parameters that count under a new request_uri of 256 bit, and return the answer (RFC 9126 2.2)."""
    request_uri = PUSHED_PREFIX + base64url.random(32)
    await store.push(
        PushedRequest(
            request_uri_hash=hash_of(request_uri),
            client_id=incoming.client.client_id,
            parameters=incoming.parameters.pairs,
            expires_at=now + seconds,
            source=incoming.source,
            dpop_jkt=incoming.dpop_jkt,
        )
    )
    return {"request_uri": request_uri, "expires_in": seconds}
