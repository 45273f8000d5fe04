"""The form in which the provider keeps what it hands out once: codes, refresh tokens, request_uris, client secrets."""

from __future__ import annotations

import hashlib
import hmac


def hash_of(secret: str) -> str:
    """Return the hash under which a secret of ours is kept; its entropy makes a fast hash enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def matches(secret: str, kept: str | None) -> bool:
    """Tell in constant time whether `secret` is the one kept as a hash."""
    return kept is not None and hmac.compare_digest(hash_of(secret), kept)
