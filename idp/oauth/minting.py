"""What a token answer holds (RFC 6749 5.1, Core 3.1.3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from idp.keys import KeyRing
from idp.model import Client, Grant, Person
from idp.oauth import access_token, claims, id_token
from idp.oauth.request import Loaded


@dataclass(frozen=True)
class Minter:
    """Mints access and ID tokens; the refresh token is added by whoever kept it."""

    keys: KeyRing
    issuer: str
    access_token_seconds: int
    id_token_seconds: int

    def first(self, client: Client, loaded: Loaded) -> dict[str, Any]:
        """Return the tokens for a code that was just redeemed."""
        assert loaded.grant is not None
        assert loaded.person is not None
        scope = " ".join(loaded.grant.scope)
        return self._answer(client, loaded.grant, loaded.person, scope, loaded.now, loaded.jkt, first=True)

    def again(self, client: Client, loaded: Loaded, scope: str) -> dict[str, Any]:
        """Return the tokens for a refresh; `scope` may be narrower than what was granted."""
        assert loaded.refresh_token is not None
        assert loaded.person is not None
        return self._answer(
            client, loaded.refresh_token.grant, loaded.person, scope, loaded.now, loaded.jkt, first=False
        )

    def _answer(
        self, client: Client, grant: Grant, person: Person, scope: str, now: float, jkt: str | None, *, first: bool
    ) -> dict[str, Any]:
        lifetime = self.access_token_seconds
        access = access_token.mint(self.keys, self.issuer, client, grant, scope, now, lifetime, jkt)
        answer: dict[str, Any] = {
            "access_token": access,
            "token_type": "Bearer" if jkt is None else "DPoP",
            "expires_in": lifetime,
            "scope": scope,
        }
        if "openid" in scope.split():
            answer["id_token"] = id_token.mint(
                self.keys,
                self.issuer,
                client,
                grant,
                access,
                now,
                self.id_token_seconds,
                first=first,
                claims=claims.in_id_token(person, grant),
            )
        return answer
