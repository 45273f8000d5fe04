"""Secrets of clients that sign with them (client_secret_jwt): derived when they are needed, and kept nowhere."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from web.base64url import encode

CLIENT_SECRET_JWT = "client_secret_jwt"


@dataclass(frozen=True)
class DerivedSecrets:
    """HMAC-SHA256 of the client_id under a key that is sealed at rest as the signing keys are.

    An HMAC can be checked only by who has the secret itself (OpenID Connect Core 9). So this secret is none that is
    drawn and kept as a hash, as others are: whoever reads the database finds nothing to sign with.
    """

    key: bytes = field(repr=False)

    def of(self, client_id: str) -> str:
        """Return the client_secret of that client: 43 characters of base64url, 256 bits (RFC 7518 3.2)."""
        return encode(hmac.digest(self.key, f"client_secret_jwt {client_id}".encode(), hashlib.sha256))
