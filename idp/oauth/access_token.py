"""Access tokens: JWTs of five minutes for one audience (RFC 9068, RFC 8707), and what they are worth right now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.keys import KeyRing
from idp.model import LEVELS, Client, Grant
from idp.oauth.signing import read_own, sign
from idp.stores.protocols import Grants, SignIns
from web import base64url
from web.clock import Clock

TYP = "at+jwt"
ALG = "ES256"


def mint(
    keys: KeyRing,
    issuer: str,
    client: Client,
    grant: Grant,
    scope: str,
    now: float,
    lifetime: int,
    jkt: str | None = None,
) -> str:
    """Return an access token, bound to the DPoP key `jkt` if one was proven (RFC 9449 6.1).

    `aud` is the API that `resource` named, and the issuer for /userinfo where openid was granted; without `resource`
    it is the issuer alone, which every portal refuses. The first half of `jti` names the grant.
    """
    audience: str | list[str] = issuer
    if grant.resource is not None:
        audience = [grant.resource, issuer] if "openid" in scope.split() else grant.resource
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": grant.sub,
        "aud": audience,
        "client_id": client.client_id,
        "exp": int(now) + lifetime,
        "iat": int(now),
        "jti": f"{grant.grant_id}.{base64url.random(9)}",
        "scope": scope,
        "sid": grant.sid,
        "auth_time": grant.auth_time,
        "acr": LEVELS[grant.level - 1],
        "amr": list(grant.amr),
    }
    if jkt is not None:
        claims["cnf"] = {"jkt": jkt}
    return sign(keys, ALG, TYP, claims)


@dataclass(frozen=True)
class ActiveToken:
    """An access token that is valid now, and the grant that it came of."""

    claims: Mapping[str, Any]
    grant: Grant

    @property
    def audience(self) -> tuple[str, ...]:
        """The token's audience, as a tuple whichever form it has."""
        aud = self.claims["aud"]
        return (aud,) if isinstance(aud, str) else tuple(aud)

    @property
    def scope(self) -> tuple[str, ...]:
        """The token's scopes."""
        return tuple(str(self.claims["scope"]).split())

    @property
    def jkt(self) -> str | None:
        """The thumbprint of the DPoP key that it is bound to, if it is."""
        confirmation = self.claims.get("cnf")
        return None if confirmation is None else str(confirmation["jkt"])


class Inactive(Exception):
    """An access token that is worth nothing; the text is for the log."""


class AccessTokens:
    """Tells what an access token is worth: for /userinfo, /introspect and /revoke."""

    def __init__(self, keys: KeyRing, issuer: str, grants: Grants, sign_ins: SignIns, clock: Clock) -> None:
        self._keys = keys
        self._issuer = issuer
        self._grants = grants
        self._sign_ins = sign_ins
        self._clock = clock

    async def active(self, token: str) -> ActiveToken:
        """Return the token if it is ours, unexpired, unrevoked and its sign-in lives. Raises Inactive."""
        claims = read_own(self._keys, self._issuer, token, TYP)
        if claims is None:
            raise Inactive("not an access token of this issuer")
        # No leeway: this clock is the one that wrote `exp`.
        if int(claims["exp"]) <= self._clock():
            raise Inactive("expired")
        grant = await self._grants.get(str(claims["jti"]).split(".")[0])
        if grant is None or grant.revoked_at is not None:
            raise Inactive("its grant is revoked")
        if await self._grants.access_token_revoked(str(claims["jti"])):
            raise Inactive("revoked")
        sign_in = await self._sign_ins.get(grant.sid)
        if not grant.offline and (sign_in is None or sign_in.ended_at is not None):
            raise Inactive("its sign-in has ended")
        return ActiveToken(claims, grant)

    async def revoke(self, active: ActiveToken) -> None:
        """Revoke this one token; a portal's API learns of it by its expiry."""
        await self._grants.revoke_access_token(str(active.claims["jti"]), float(active.claims["exp"]))
