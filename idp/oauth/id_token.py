"""ID tokens: who signed in, when, how well; no personal data (Core 2, 3.1.3.6, 12.2)."""

from __future__ import annotations

import secrets

from idp.keys import KeyRing
from idp.model import LEVELS, Client, Grant
from idp.oauth.signing import left_half, sign

TYP = "JWT"


def mint(
    keys: KeyRing,
    issuer: str,
    client: Client,
    grant: Grant,
    access_token: str,
    now: float,
    lifetime: int,
    *,
    first: bool,
) -> str:
    """Return an ID token of `lifetime` seconds.

    `first` tells a redeemed code from a refresh: only the former has the nonce; auth_time, acr, amr and sid stay as
    they were (Core 12.2).
    """
    claims = {
        "iss": issuer,
        "sub": grant.sub,
        "aud": client.client_id,
        "exp": int(now) + lifetime,
        "iat": int(now),
        "auth_time": grant.auth_time,
        "acr": LEVELS[grant.level - 1],
        "amr": list(grant.amr),
        "sid": grant.sid,
        "at_hash": left_half(access_token),
        "jti": secrets.token_urlsafe(12),
    }
    if first and grant.nonce is not None:
        claims["nonce"] = grant.nonce
    return sign(keys, client.id_token_signed_response_alg, TYP, claims)
