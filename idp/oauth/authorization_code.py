"""The authorization code grant at the token endpoint (RFC 6749 4.1.3)."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant

from idp.oauth.minting import Minter
from idp.oauth.request import BridgedClient, BridgedCode


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # authlib is untyped
    """Authlib checks client, code, redirect_uri and PKCE; the code is used up between its checks and its answer."""

    def query_authorization_code(self, code: str, client: BridgedClient) -> BridgedCode | None:
        """Return the code that was loaded, if it is this client's, unused and not expired."""
        loaded = self.request.loaded
        grant = loaded.grant
        if grant is None:
            loaded.why = "no such code"
        elif grant.client_id != client.client.client_id:
            loaded.why = f"the code was issued to {grant.client_id}"
        elif grant.redeemed_at is not None:
            loaded.why = "the code was redeemed before"
        elif grant.revoked_at is not None:
            loaded.why = "the sign-in of this code has ended"
        elif grant.code_expires_at <= loaded.now:
            loaded.why = "the code has expired"
        elif grant.dpop_jkt is not None and grant.dpop_jkt != loaded.jkt:
            loaded.why = "the code is bound to another DPoP key"
        elif loaded.person is None or loaded.person.frozen:
            loaded.why = "the account is frozen"
        else:
            return BridgedCode(grant)
        return None

    def authenticate_user(self, authorization_code: BridgedCode) -> Any:
        """Return the person that was loaded."""
        return self.request.loaded.person

    def generate_token(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Mint the answer's tokens."""
        minter: Minter = self.server.minter
        return minter.first(self.request.client.client, self.request.loaded)

    def save_token(self, token: dict[str, Any]) -> None:
        """Nothing: the refresh token was kept when the code was used up, in one transaction."""

    def delete_authorization_code(self, authorization_code: BridgedCode) -> None:
        """Nothing: the code was used up before anything was minted."""
