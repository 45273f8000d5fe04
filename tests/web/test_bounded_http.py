"""A connection between two requests is kept for so long and no longer, by a clock that is set."""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from web import serve
from web.bounded_http import look_at
from web.limits import Limits

IDLE_SECONDS = 20
GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"


async def _told(request: Request) -> PlainTextResponse:
    return PlainTextResponse("told")


async def test_an_idle_connection_is_closed_when_its_time_is_over_and_not_before() -> None:
    sock = serve.bind("127.0.0.1", 0)
    app = Starlette(routes=[Route("/", _told)])
    running = serve.Running(serve.Service("told", app, sock, limits=Limits(idle_seconds=IDLE_SECONDS)))
    await running.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", sock.getsockname()[1])
    connections = running._server.server_state.connections

    async def asked() -> float:
        writer.write(GET)
        assert (await reader.readuntil(b"told")).startswith(b"HTTP/1.1 200 ")
        return asyncio.get_running_loop().time()

    answered = await asked()
    look_at(connections, answered + IDLE_SECONDS - 1)
    # Kept, and its time begins anew with each answer.
    answered = await asked()
    look_at(connections, answered + IDLE_SECONDS - 1)
    assert not reader.at_eof()
    look_at(connections, answered + IDLE_SECONDS + 1)
    assert await reader.read() == b""
    writer.close()
    await running.stop()
