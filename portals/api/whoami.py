"""/api/whoami: what a person's access token for this portal tells whoever holds its key (RFC 9449 7.1, RFC 9068)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portals.api.presented import NO_STORE, answered
from portals.levels import level_of
from portals.parts import Parts

TOLD = ("sub", "client_id", "scope", "acr", "auth_time", "exp")


async def whoami(request: Request) -> Response:
    """Answer GET /api/whoami with what the token says."""
    return await answered(request, _answer)


def _answer(parts: Parts, claims: dict[str, Any], request: Request) -> Response:
    told = {name: claims[name] for name in TOLD if name in claims}
    answer = {"portal": parts.portal.client_id, "region": parts.portal.region, "level": level_of(claims.get("acr"))}
    return JSONResponse({**told, **answer}, headers=NO_STORE)
