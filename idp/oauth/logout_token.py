"""Logout tokens: what a client is told when one of its sign-ins has ended (Back-Channel Logout 2.4)."""

from __future__ import annotations

import secrets

from idp.keys import KeyRing
from idp.model import Client, Delivery
from idp.oauth.signing import sign

TYP = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME = 120


def mint(keys: KeyRing, issuer: str, client: Client, delivery: Delivery, now: float) -> str:
    """Return a logout token of two minutes, fresh for this attempt; it never has a nonce."""
    claims = {
        "iss": issuer,
        "sub": delivery.sub,
        "aud": client.client_id,
        "iat": int(now),
        "exp": int(now) + LIFETIME,
        "jti": secrets.token_urlsafe(16),
        "events": {EVENT: {}},
        "sid": delivery.sid,
    }
    return sign(keys, client.id_token_signed_response_alg, TYP, claims)
