"""Revocation (RFC 7009): Authlib's endpoint, with the token loaded before and revoked after."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc7009 import RevocationEndpoint

from idp.oauth.request import BridgedClient


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # authlib is untyped
    """Checks who asks and whose token it is; unknown tokens are none of anybody's business (RFC 7009 2.2)."""

    def check_params(self, request: Any, client: BridgedClient) -> None:
        """The hint is a hint: an unknown one is ignored (RFC 7009 2.1)."""

    def authenticate_token(self, request: Any, client: BridgedClient) -> Any:
        """Return the loaded token if it is this client's; another client's is refused (RFC 7009 2.1)."""
        loaded = request.loaded
        held = loaded.refresh_token or loaded.access_token
        if held is not None and held.grant.client_id != client.client.client_id:
            loaded.why = f"the token was issued to {held.grant.client_id}"
            raise InvalidGrantError("The token was issued to another client.")
        return held

    def revoke_token(self, token: Any, request: Any) -> None:
        """Nothing: the store is told after Authlib has answered."""
