"""ID tokens: who signed in, when, how well; nothing personal that was not asked for (Core 2, 3.1.3.6, 5.5, 12.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.keys import KeyRing
from idp.model import Client, Grant
from idp.oauth import acr
from idp.oauth.signing import left_half, sign
from web import base64url

TYP = "JWT"


def mint(
    keys: KeyRing,
    issuer: str,
    client: Client,
    grant: Grant,
    access_token: str | None,
    now: float,
    lifetime: int,
    *,
    first: bool,
    code: str | None = None,
    claims: Mapping[str, Any] | None = None,
) -> str:
    """Return an ID token of `lifetime` seconds.

    `first` tells an answer to the authorization request, or to its code, from a refresh: only the former has the
    nonce; auth_time, acr, amr and sid stay as they were (Core 12.2). `access_token` and `code` are those that travel
    with it (Core 3.3.2.11), `claims` what was asked for about the person.
    """
    told: dict[str, Any] = {
        **(claims or {}),
        "iss": issuer,
        "sub": grant.sub,
        "aud": client.client_id,
        "exp": int(now) + lifetime,
        "iat": int(now),
        "auth_time": grant.auth_time,
        "acr": acr.told(grant.claims, grant.level),
        "amr": list(grant.amr),
        "jti": base64url.random(12),
    }
    if client.backchannel_logout_uri or client.frontchannel_logout_uri:
        # Back-Channel Logout 2.1, Front-Channel Logout 3: of use to nobody else, who did not ask for it.
        told["sid"] = grant.sid
    if access_token is not None:
        told["at_hash"] = left_half(access_token)
    if code is not None:
        told["c_hash"] = left_half(code)
    if first and grant.nonce is not None:
        told["nonce"] = grant.nonce
    return sign(keys, client.id_token_signed_response_alg, TYP, told)
