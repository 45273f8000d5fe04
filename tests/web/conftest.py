"""Servers on loopback and fetchers, ended with the test."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest

from tests.listener import Listener
from tests.web.fetching import HERE, Handler, MakeFetcher, Serve
from web.connect import DEFAULT_MAP, ConnectMap
from web.fetch import Fetcher
from web.guard import Guard


@pytest.fixture
async def make_fetcher() -> AsyncIterator[MakeFetcher]:
    """Makes fetchers; unless told, one that may ask at 127.0.0.1, and at nothing else of this machine."""
    async with AsyncExitStack() as stack:

        def made(guard: Guard = HERE, trust: ssl.SSLContext | bool = False, **options: Any) -> Fetcher:
            fetcher = Fetcher(ConnectMap.parse(DEFAULT_MAP), guard, trust, **options)
            stack.push_async_callback(fetcher.close)
            return fetcher

        yield made


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers that answer each connection by a handler of the test's, and ends them with the test."""
    async with AsyncExitStack() as stack:

        async def started(handler: Handler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> int:
            running: set[asyncio.Task[Any]] = set()

            async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                running.add(asyncio.current_task())  # type: ignore[arg-type]
                with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    await reader.readuntil(b"\r\n\r\n")
                    await handler(reader, writer)
                writer.close()

            async def stop() -> None:
                server.close()
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)

            server = await asyncio.start_server(connected, host, 0, ssl=tls)
            stack.push_async_callback(stop)
            return int(server.sockets[0].getsockname()[1])

        yield started


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as running:
        yield running
