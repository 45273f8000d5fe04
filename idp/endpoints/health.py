"""GET /healthz and GET /readyz: whether the process is alive, and whether requests should be sent to it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from idp.endpoints.parts import parts


async def healthz(request: Request) -> Response:
    """Answer 200 while the process answers at all: whoever restarts it must not do so because a database is away."""
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    """Answer 200 while the database answers, else 503: whoever spreads requests sends them elsewhere then."""
    if await parts(request).readiness.now():
        return PlainTextResponse("ready\n", headers={"cache-control": "no-store"})
    return PlainTextResponse("not ready\n", 503, {"cache-control": "no-store", "retry-after": "1"})
