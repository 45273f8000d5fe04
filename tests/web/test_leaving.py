"""A service behind a proxy that is told to stop: it serves on, says so, and loses nobody who has already come."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.ports import free_ports
from tests.rules.tracked import ROOT
from web import serve
from web.serve import Running, Service

GET = b"GET / HTTP/1.1\r\nHost: idp.localhost\r\n\r\n"
READY = b"GET /readyz HTTP/1.1\r\nHost: idp.localhost\r\n\r\n"


async def _answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse("served")


@asynccontextmanager
async def _running() -> AsyncIterator[tuple[Running, tuple[str, int]]]:
    """A service, and where it listens; whoever leaves stops it."""
    app = Starlette(routes=[Route("/", _answer), Route("/readyz", _answer)])
    sock = serve.bind("127.0.0.1", 0)
    running = Running(Service("idp", app, sock))
    address = sock.getsockname()
    await running.start()
    try:
        yield running, address
    finally:
        await running.stop()


async def _ask(address: tuple[str, int], request: bytes) -> bytes:
    """Return what is answered until the connection is closed."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


async def _until_nobody_listens(address: tuple[str, int]) -> None:
    with suppress(ConnectionRefusedError):
        while True:
            (await asyncio.open_connection(*address))[1].close()


async def test_it_serves_on_and_each_answer_closes_its_connection() -> None:
    async with _running() as (running, address):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(GET)
        first = await reader.readuntil(b"served")
        assert b"connection: close" not in first
        running.leave()
        # One that was opened before, and a new one.
        writer.write(GET)
        for last in (await reader.read(), await _ask(address, GET)):
            assert last.startswith(b"HTTP/1.1 200 ")
            assert last.count(b"connection: close\r\n") == 1
        writer.close()


async def test_it_is_ready_no_more() -> None:
    async with _running() as (running, address):
        running.leave()
        answer = await _ask(address, READY)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"cache-control: no-store" in answer


async def test_whoever_has_knocked_before_the_end_is_served() -> None:
    async with _running() as (running, address):
        running.leave()
        # The loop does not run meanwhile: the system has taken these connections, and the service none of them.
        knocking = [socket.create_connection(address, 5) for _ in range(20)]
        for one in knocking:
            one.sendall(GET)
        await running.take_no_more()
        await running.stop()
        for one in knocking:
            with one:
                assert one.makefile("rb").read().startswith(b"HTTP/1.1 200 ")


async def test_whoever_has_come_and_not_yet_asked_is_waited_for() -> None:
    async with _running() as (running, address):
        running.leave()
        reader, writer = await asyncio.open_connection(*address)
        ending = asyncio.create_task(running.take_no_more())
        await _until_nobody_listens(address)
        assert not ending.done()
        writer.write(GET)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        await ending
        writer.close()


async def test_whoever_never_asks_is_not_waited_for_long() -> None:
    async with _running() as (running, address):
        running.leave()
        _, writer = await asyncio.open_connection(*address)
        async with asyncio.timeout(5):
            await running.take_no_more()
        writer.close()


@pytest.mark.parametrize("signals", [1, 2])
def test_after_sigterm_it_serves_for_its_time_or_until_a_second_one(signals: int) -> None:
    port, *_ = free_ports(3)
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.web.served_program", str(port), f"drains-{2 if signals == 1 else 300}"],
        cwd=ROOT, text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    with program:
        assert program.stdout is not None
        assert "ready\n" in iter(program.stdout.readline, "")
        program.send_signal(signal.SIGTERM)
        url = f"http://127.0.0.1:{port}"
        while httpx.get(f"{url}/readyz").status_code != 503:
            pass
        answer = httpx.get(f"{url}/")
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        for _ in range(signals - 1):
            program.send_signal(signal.SIGTERM)
        assert program.wait(20) == 0
