"""base64url without padding, in its one spelling (RFC 7515 2, RFC 4648 3.5 and 5)."""

from __future__ import annotations

import os
from binascii import a2b_base64, b2a_base64

# base64's own functions look at what they are given longer than it takes to read it.
_TO_URL, _FROM_URL = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_", b"+/")


def encode(data: bytes) -> str:
    """Return `data` in base64url."""
    return b2a_base64(data, newline=False).translate(_TO_URL, b"=").decode("ascii")


def random(octets: int) -> str:
    """Return so many octets of the system's randomness in base64url, as `secrets.token_urlsafe` does."""
    return encode(os.urandom(octets))


def decode(text: str) -> bytes:
    """Return the bytes that `text` spells. Raises ValueError where it is not how `encode` spells them."""
    raw = text.encode("ascii")
    data = a2b_base64(raw.translate(_FROM_URL) + b"=" * (-len(raw) % 4))
    # Python passes over foreign characters and unused bits; whatever it passed over does not come back.
    if encode(data) != text:
        raise ValueError("not canonical base64url")
    return data
