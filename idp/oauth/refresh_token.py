"""The refresh token grant (RFC 6749 6, Core 12, RFC 9700 4.14)."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from idp.oauth.minting import Minter
from idp.oauth.request import BridgedRefreshToken


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]  # authlib is untyped
    """Authlib checks client, token and scope; the token is used up between its checks and its answer."""

    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> BridgedRefreshToken | None:
        """Return the token that was loaded, if it is unused, unexpired and its sign-in lives."""
        loaded = self.request.loaded
        token = loaded.refresh_token
        if token is None:
            loaded.why = "no such refresh token"
        elif token.used_at is not None:
            loaded.why = "the refresh token was used before"
        elif token.expires_at <= loaded.now:
            loaded.why = "the refresh token has expired"
        elif token.grant.revoked_at is not None:
            loaded.why = "its grant is revoked"
        elif token.sign_in_ended and not token.grant.offline:
            loaded.why = "its sign-in has ended"
        elif token.grant.dpop_jkt is not None and token.grant.dpop_jkt != loaded.jkt:
            loaded.why = "the refresh token is bound to another DPoP key"
        elif loaded.person is None or loaded.person.frozen:
            loaded.why = "the account is frozen"
        else:
            return BridgedRefreshToken(token)
        # The client of a used token is still compared: reuse by another client must not end this one's family.
        return None

    def authenticate_user(self, refresh_token: BridgedRefreshToken) -> Any:
        """Return the person that was loaded."""
        return self.request.loaded.person

    def issue_token(self, user: Any, refresh_token: BridgedRefreshToken) -> dict[str, Any]:
        """Mint the answer's tokens, narrowed to the scope that was asked for."""
        minter: Minter = self.server.minter
        asked = (self.request.payload.scope or refresh_token.get_scope()).split()
        # In the grant's order and each once, whatever the request's spelling.
        scope = " ".join(one for one in refresh_token.get_scope().split() if one in asked)
        return minter.again(self.request.client.client, self.request.loaded, scope)

    def save_token(self, token: dict[str, Any]) -> None:
        """Nothing: the successor was kept when its forerunner was used up, in one transaction."""

    def revoke_old_credential(self, refresh_token: BridgedRefreshToken) -> None:
        """Nothing: it was used up before anything was minted."""
