"""GET /healthz and GET /readyz: whether the process is alive, and whether people should be sent to it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from portals.parts import Parts, parts_of

NO_STORE = {"cache-control": "no-store"}


async def healthz(request: Request) -> Response:
    """Answer 200 while the process answers at all: it need not be restarted because something else is down."""
    return PlainTextResponse("ok\n", headers=NO_STORE)


async def readyz(request: Request) -> Response:
    """Answer 200 while this portal's own store answers, else 503; the second line is about the provider.

    Without the provider nobody can sign in, but whoever is signed in is served, and no other copy could do better.
    """
    parts = parts_of(request)
    if not await parts.readiness.now():
        return PlainTextResponse("not ready\n", 503, {**NO_STORE, "retry-after": "5"})
    return PlainTextResponse(f"ready\n{_provider(parts)}\n", headers=NO_STORE)


def _provider(parts: Parts) -> str:
    last = parts.calls.last
    if last is None:
        return "provider: not asked yet"
    ago = max(0, round(parts.clock() - last.at))
    return f"provider: {'answered' if last.answered else 'did not answer'} {ago} s ago"
