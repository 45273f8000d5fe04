"""/inspect: the tokens of this session and the verdict on each, for the person they are about."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from portals.frame import leave, page
from portals.parts import parts_of
from portals.visitor import session_at, visitor_of


async def inspect(request: Request) -> Response:
    """Answer GET /inspect: tokens as compact text where the setting allows it, claims, and every check."""
    parts = parts_of(request)
    session = await session_at(request, parts)
    fresh = await parts.refresher.fresh(session) if session else None
    if fresh is None:
        return leave(f"/login?{urlencode({'target_link_uri': '/inspect'})}")
    verdicts = zip(("id_token", "access_token"), await parts.judge.tokens_of(fresh), strict=True)
    visitor = visitor_of(fresh, parts.portal)
    return page(request, "inspect.html", visitor, session=fresh, verdicts=verdicts, show=parts.settings.show_tokens)
