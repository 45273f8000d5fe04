"""A program of three small services for test_serve: the first port and what to do badly are its arguments."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from web import serve


def application(name: str, *, fails: bool) -> Starlette:
    """Return an application that tells when it starts and ends, and answers `/slow` after a while."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if fails:
            raise ValueError("Its key file cannot be read.")
        print(f"up {name}", flush=True)
        yield
        print(f"down {name}", flush=True)

    async def root(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{name} {request.client.host if request.client else ''} {request.url.scheme}")

    async def slow(request: Request) -> PlainTextResponse:
        print("slow begins", flush=True)
        await asyncio.sleep(float(request.query_params["seconds"]))
        return PlainTextResponse("finished")

    return Starlette(routes=[Route("/", root), Route("/slow", slow)], lifespan=lifespan)


def main(port: int, *faults: str) -> int:
    """Serve until a signal."""
    try:
        sockets = [serve.bind("127.0.0.1", port + offset) for offset in range(3)]
    except serve.CannotListen as error:
        print(error, file=sys.stderr)
        return 1
    services = [
        serve.Service(name, application(name, fails=name in faults), sock)
        for name, sock in zip(("first", "second", "third"), sockets, strict=True)
    ]
    trusted = "127.0.0.1" if "trusting" in faults else ""
    drains = next((int(fault.removeprefix("drains-")) for fault in faults if fault.startswith("drains-")), 0)
    return serve.run_blocking(
        services, ready=lambda: print("ready", flush=True), trusted_proxies=trusted, drain_seconds=drains
    )


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:]))
