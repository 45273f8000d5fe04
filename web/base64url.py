"""base64url without padding, in its one spelling (RFC 7515 2, RFC 4648 3.5 and 5)."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode
from binascii import b2a_base64

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def encode(data: bytes) -> str:
    """Return `data` in base64url."""
    return b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=").decode("ascii")


def random(octets: int) -> str:
    """Return so many octets of the system's randomness in base64url, as `secrets.token_urlsafe` does."""
    return encode(os.urandom(octets))


def decode(text: str) -> bytes:
    """Return the bytes that `text` spells. Raises ValueError where it is not how `encode` spells them."""
    raw = text.encode("ascii")
    data = urlsafe_b64decode(raw + b"=" * (-len(raw) % 4))
    # Python passes over foreign characters and unused bits; whatever it passed over does not come back.
    if encode(data) != text:
        raise ValueError("not canonical base64url")
    return data
