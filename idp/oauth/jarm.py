"""Authorization responses as JWTs: nobody on the way can change them, nor use them at another client (JARM 2)."""

from __future__ import annotations

from collections.abc import Sequence

from idp.keys import KeyRing
from idp.model import Client
from idp.oauth.signing import sign

TYP = "JWT"
"""As ID tokens have it; what tells them apart is that there is no `sub` here."""
LIFETIME = 300
"""Seconds; JARM 2.1 recommends ten minutes at most."""


def algorithm(client: Client) -> str:
    """Return what the client's responses are signed with: RS256 by default (JARM 3), which FAPI 2.0 forbids (5.4.1)."""
    return client.authorization_signed_response_alg or ("ES256" if client.fapi2 else "RS256")


def mint(keys: KeyRing, issuer: str, client: Client, parameters: Sequence[tuple[str, str]], now: float) -> str:
    """Return the JWT of a response's parameters, all of them texts as the examples of JARM 2.1 have them."""
    claims = {**dict(parameters), "iss": issuer, "aud": client.client_id, "exp": int(now) + LIFETIME}
    return sign(keys, algorithm(client), TYP, claims)
