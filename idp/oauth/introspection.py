"""Introspection (RFC 7662): Authlib's endpoint, for those whom a token concerns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from idp.errors import TokenRefusal
from idp.model import RefreshToken
from idp.oauth.access_token import ActiveToken
from idp.oauth.request import BridgedClient, BridgedRequest

_TO_THE_CLIENT = (
    "iss", "sub", "aud", "client_id", "exp", "iat", "jti", "scope", "sid", "auth_time", "acr", "amr", "cnf"
)  # fmt: skip
_TO_AN_API = ("iss", "sub", "client_id", "exp", "iat", "jti", "auth_time", "acr", "cnf")
_FOR_THE_PROVIDER = frozenset({"openid", "offline_access"})
"""Scopes that mean something at /userinfo and /token only."""


@dataclass(frozen=True)
class Told:
    """What is told about an active token."""

    content: dict[str, Any]


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # authlib is untyped
    """Tells each asking client as much as concerns it; about anything else only that it is not active (RFC 7662 2.2).

    The client that a token was issued to is told all about it. An API that the token is for, another client's by its
    `resources`, has to decide about one call and is told what that takes: who, for whom, until when, with which key,
    how sure the log-in was, and those scopes that are not about our own endpoints. It is not told for which other
    APIs the token is good, nor `sid`, which is between us and the client: no log-out will ever be announced to it.
    """

    def check_params(self, request: Any, client: BridgedClient) -> None:
        """The hint is a hint: an unknown one is ignored (RFC 7662 2.1)."""

    def authenticate_token(self, request: BridgedRequest, client: BridgedClient) -> Told | None:
        """Return what the asking client is told about the token that was loaded, if it concerns it."""
        if client.client.token_endpoint_auth_method == "none":
            # RFC 7662 2.1: who asks must prove who it is, or anybody could try tokens here.
            public = "Client authentication failed."
            raise TokenRefusal("invalid_client", public, reason="a public client asks", status=401)
        loaded = request.loaded
        own = client.get_client_id()
        if loaded.refresh_token is not None:
            return _refresh_token(loaded.refresh_token, own, loaded.now)
        token = loaded.access_token
        if token is None:
            return None
        if token.grant.client_id == own:
            return _access_token(token, {name: token.claims[name] for name in _TO_THE_CLIENT if name in token.claims})
        concerned = [one for one in token.audience if one in client.client.resources]
        return _access_token(token, _for_an_api(token, concerned)) if concerned else None

    def create_introspection_payload(self, token: Told | None) -> dict[str, Any]:
        """Return what RFC 7662 2.2 lists."""
        return {"active": False} if token is None else {"active": True, **token.content}


def _access_token(token: ActiveToken, told: dict[str, Any]) -> Told:
    # RFC 9449 6.2: the key comes in cnf, and token_type is as in the answer of /token.
    return Told({"token_type": "DPoP" if "cnf" in token.claims else "Bearer", **told})


def _for_an_api(token: ActiveToken, concerned: list[str]) -> dict[str, Any]:
    told = {name: token.claims[name] for name in _TO_AN_API if name in token.claims}
    scope = " ".join(one for one in token.scope if one not in _FOR_THE_PROVIDER)
    return {**told, "aud": concerned[0] if len(concerned) == 1 else concerned, **({"scope": scope} if scope else {})}


def _refresh_token(token: RefreshToken, asking: str, now: float) -> Told | None:
    """Return what its own client is told about a refresh token that /token would take."""
    grant = token.grant
    ended = grant.revoked_at is not None or (token.sign_in_ended and not grant.offline)
    if grant.client_id != asking or token.used_at is not None or token.expires_at <= now or ended:
        return None
    told: dict[str, Any] = {
        "client_id": grant.client_id,
        "sub": grant.sub,
        "scope": " ".join(grant.scope),
        "iat": int(token.issued_at),
        "exp": int(token.expires_at),
    }
    if grant.dpop_jkt is not None:
        told["cnf"] = {"jkt": grant.dpop_jkt}
    return Told(told)
