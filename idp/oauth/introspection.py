"""Introspection (RFC 7662): Authlib's endpoint, for those whom a token concerns."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from idp.oauth.access_token import ActiveToken
from idp.oauth.request import BridgedClient

_TOLD = ("iss", "sub", "aud", "client_id", "exp", "iat", "jti", "scope", "sid", "auth_time", "acr", "amr")


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # authlib is untyped
    """Tells about an access token; about anything else only that it is not active (RFC 7662 2.2)."""

    def check_params(self, request: Any, client: BridgedClient) -> None:
        """The hint is a hint: an unknown one is ignored (RFC 7662 2.1)."""

    def authenticate_token(self, request: Any, client: BridgedClient) -> ActiveToken | None:
        """Return the token that was loaded if it concerns the asking client: its own, or meant for its API."""
        token: ActiveToken | None = request.loaded.access_token
        if token is None:
            return None
        concerned = token.grant.client_id == client.client.client_id or set(token.audience) & set(
            client.client.resources
        )
        return token if concerned else None

    def create_introspection_payload(self, token: ActiveToken | None) -> dict[str, Any]:
        """Return what RFC 7662 2.2 lists."""
        if token is None:
            return {"active": False}
        told = {name: token.claims[name] for name in _TOLD if name in token.claims}
        return {"active": True, "token_type": "Bearer", **told}
