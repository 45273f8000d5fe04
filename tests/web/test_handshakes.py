"""Connections on which a TLS handshake is never finished: so many, so long, and in nobody's way."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from web import serve
from web.limits import Limits
from web.serve import Running, Service
from web.tls import LocalAuthority, client_context, server_context

HOST = "idp.localhost"
GET = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
LONGEST_SECONDS = 30.0
LIMITS = Limits(connections=16, seconds=60.0)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Served:
    """A service that speaks TLS, and ways to come to it."""

    def __init__(self, running: Running, port: int, trust: Path, stack: AsyncExitStack) -> None:
        self.running = running
        self._port = port
        self._context = client_context(trust)
        self._stack = stack

    async def knock(self, context: ssl.SSLContext | None = None) -> Streams:
        """Connect, and say nothing, or what TLS wants first."""
        name = HOST if context else None
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=context, server_hostname=name)
        self._stack.callback(writer.close)
        return reader, writer

    async def enter(self) -> Streams:
        """Connect as TLS wants it."""
        return await self.knock(self._context)


@asynccontextmanager
async def serving(place: Path, limits: Limits = LIMITS) -> AsyncIterator[Served]:
    authority = LocalAuthority(place / "tls")
    context = server_context(authority.certificate_for([HOST]))

    async def answer(request: Request) -> PlainTextResponse:
        return PlainTextResponse("served")

    sock = serve.bind("127.0.0.1", 0)
    port = sock.getsockname()[1]
    running = Running(Service("idp", Starlette(routes=[Route("/", answer)]), sock, context, limits))
    await running.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(running.stop)
        yield Served(running, port, authority.certificate, stack)


async def is_closed(one: Streams) -> bool:
    """Wait until the other side closes a connection on which it has nothing to say."""
    async with asyncio.timeout(LONGEST_SECONDS):
        try:
            return await one[0].read() == b""
        except ConnectionError:
            return True


async def is_served(one: Streams) -> bool:
    one[1].write(GET)
    async with asyncio.timeout(LONGEST_SECONDS):
        return (await one[0].readuntil(b"served")).startswith(b"HTTP/1.1 200")


async def test_beyond_so_many_the_handshake_that_has_gone_on_longest_goes(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        silent = [await served.knock() for _ in range(3 * LIMITS.handshakes)]
        # Long before their time is over, and others get in while the rest waits.
        for one in silent[: 2 * LIMITS.handshakes]:
            assert await is_closed(one)
        for _ in range(LIMITS.handshakes):
            assert await is_served(await served.enter())
        assert not any(one[0].at_eof() for one in silent[-LIMITS.handshakes + 1 :])


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02\x00\x01"])
async def test_a_handshake_that_does_not_end_is_waited_for_as_long_as_a_head_is(tmp_path: Path, said: bytes) -> None:
    async with serving(tmp_path, Limits(seconds=0.2)) as served:
        one = await served.knock()
        one[1].write(said)
        assert await is_closed(one)


async def test_whoever_has_finished_one_counts_as_a_connection_and_no_more_as_a_handshake(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        entered = [await served.enter() for _ in range(LIMITS.connections)]
        for one in entered:
            assert await is_served(one)


async def test_what_is_no_tls_is_closed(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        one = await served.knock()
        one[1].write(GET)
        assert b"HTTP" not in await one[0].read()
        assert await is_served(await served.enter())


async def test_a_handshake_under_way_does_not_hold_up_the_end(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        silent = await served.knock()
        assert await is_served(await served.enter())
        await served.running.stop()
        assert await is_closed(silent)
