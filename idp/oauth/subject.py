"""Pairwise subjects: two portals cannot join people by `sub` (Core 8.1)."""

from __future__ import annotations

import base64
import hashlib
import hmac

from idp.model import Client


class Subjects:
    """Makes `sub`: a keyed hash over sector and person, 43 characters, the same at each visit."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, user_id: str, client: Client) -> str:
        """Return the person's subject at that client."""
        message = f"{client.sector_identifier}\0{user_id}".encode()
        digest = hmac.new(self._secret, message, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
