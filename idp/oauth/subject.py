"""Pairwise subjects: two portals cannot join people by `sub` (Core 8.1)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from idp.model import Client
from idp.oauth.client_metadata_uris import hosts
from web.base64url import encode


class Subjects:
    """Makes `sub`: a keyed hash over sector and person, 43 characters, the same at each visit."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, user_id: str, client: Client) -> str:
        """Return the person's subject at that client."""
        message = f"{client.sector_identifier}\0{user_id}".encode()
        return encode(hmac.digest(self._secret, message, "sha256"))


def sector_of(client_id: str, metadata: Mapping[str, Any]) -> str:
    """Return the sector of a client that registered itself: the host of its sector_identifier_uri or redirect_uris.

    It has a space in it, and so is never the sector of a portal, which is the portal's name: nobody gets at a portal's
    subjects by owning a host of that name. Applications on people's devices share host names with everybody's, and are
    sectors of their own; so are sites of several hosts for which no list vouches, where 8.1 wants one.
    """
    uri = metadata.get("sector_identifier_uri")
    several = hosts([uri] if uri is not None else metadata["redirect_uris"])
    if uri is None and (metadata["application_type"] == "native" or len(several) > 1):
        return client_id
    return f"host {min(several)}"
