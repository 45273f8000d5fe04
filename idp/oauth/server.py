"""Authlib's authorization server with our grants and endpoints registered: the list of what the token side does."""

from __future__ import annotations

import logging
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer

from idp.oauth.introspection import Introspection
from idp.oauth.minting import Minter
from idp.oauth.refresh_token import RefreshGrant
from idp.oauth.revocation import Revocation

# At DEBUG Authlib's logger prints tokens.
logging.getLogger("authlib").setLevel(logging.WARNING)


class Server(AuthorizationServer):  # type: ignore[misc]  # authlib is untyped
    """Authlib's server; it keeps nothing itself."""

    def __init__(self, minter: Minter) -> None:
        super().__init__()
        self.minter = minter
        self.register_grant(RefreshGrant)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)

    def authenticate_client(self, request: Any, methods: list[str], endpoint: str = "token") -> Any:
        """Return the client, which was authenticated before anything was loaded for it."""
        request.auth_method = request.loaded.client.client.token_endpoint_auth_method
        return request.loaded.client

    def send_signal(self, name: str, *arguments: Any, **options: Any) -> None:
        """Nothing listens to Authlib's signals; audit.py is told by those who act."""

    def endpoint(self, name: str) -> Any:
        """Return the registered endpoint of that name."""
        return self._endpoints[name][0]
