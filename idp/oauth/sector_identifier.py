"""Whether a sector_identifier_uri vouches for the redirect_uris that name it (Core 8.1, OpenID Registration 5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from idp.oauth.client_metadata_shapes import BadMetadata
from web.fetch import Fetcher, FetchRefused

LIMIT = 64 * 1024
SECONDS = 3.0
MEDIA_TYPES = ("application/json",)


async def check(table: Mapping[str, Any], fetcher: Fetcher) -> None:
    """Fetch the sector's list, if there is one, and see that all redirect_uris are in it. Raises BadMetadata."""
    uri = table.get("sector_identifier_uri")
    if uri is None:
        return
    try:
        body = await fetcher.get(uri, limit=LIMIT, seconds=SECONDS, media_types=MEDIA_TYPES)
    except FetchRefused as refused:
        raise _bad(f"cannot be had: {refused.text.removesuffix('.')}") from refused
    try:
        listed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _bad("did not answer JSON") from error
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise _bad("did not answer a list of texts (OpenID Registration 5)")
    if not set(table["redirect_uris"]) <= set(listed):
        raise _bad("does not list all redirect_uris (OpenID Registration 5)")


def _bad(reason: str) -> BadMetadata:
    return BadMetadata("sector_identifier_uri", reason)
