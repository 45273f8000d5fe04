"""Ways to break one portal of a region that runs: real services with something wrong in front of their application."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lab.region import RegionThread

Wrap = Callable[[ASGIApp], ASGIApp]


def breaks(region: RegionThread, name: str, wrap: Wrap, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restart the portal called `name` with `wrap` around its application."""
    part = region.region.part(name)
    make = part._make

    def broken() -> object:
        app = make()
        app.add_middleware(wrap)
        return app

    monkeypatch.setattr(part, "_make", broken)
    region.stop_service(name)
    region.start_service(name)


def deaf(app: ASGIApp) -> ASGIApp:
    """Say 200 to every logout token and end nothing."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/backchannel-logout":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await app(scope, receive, send)

    return run


def mixes_people_up(app: ASGIApp) -> ASGIApp:
    """Show everybody on /me as 王芳, a name as long as 李明."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        async def other(message: Message) -> None:
            if message["type"] == "http.response.body" and scope["path"] == "/me":
                message["body"] = message["body"].replace("李明".encode(), "王芳".encode())
            await send(message)

        await app(scope, receive, other if scope["type"] == "http" else send)

    return run


def asks_for_a_password(app: ASGIApp) -> ASGIApp:
    """Ask the provider for everybody with prompt=login."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # Authlib puts this into each authorization request; what is pushed cannot be altered on its way.
            scope["app"].state.portal.sign_in._client.metadata["prompt"] = "login"
        await app(scope, receive, send)

    return run


def takes_any_token(app: ASGIApp) -> ASGIApp:
    """Answer 200 where /api/whoami refuses."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        async def lenient(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["path"] == "/api/whoami":
                message["status"] = 200
            await send(message)

        await app(scope, receive, lenient if scope["type"] == "http" else send)

    return run
