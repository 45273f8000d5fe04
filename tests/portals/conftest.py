"""One portal, Beijing, in the test's own loop, with a provider double over real HTTP."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from portals.app import create_app
from portals.client_key import public_jwks
from portals.parts import Parts
from portals.portal import find, load
from portals.settings import Settings
from tests.portals.provider_double import ProviderDouble
from web.clock import SettableClock

BEIJING = "http://beijing.localhost:8001"


@dataclass
class Running:
    """A portal that runs: `http` is one browser, `clock` moves portal and provider."""

    app: FastAPI
    http: httpx.AsyncClient
    clock: SettableClock
    provider: ProviderDouble

    @property
    def parts(self) -> Parts:
        """The parts of the portal."""
        parts: Parts = self.app.state.portal
        return parts

    def browser(self) -> httpx.AsyncClient:
        """Return another browser."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=BEIJING)

    async def begin(self, path: str = "/login") -> str:
        """Go to /login and return the URL of the authorization request."""
        answer = await self.http.get(path)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def sign_in(self, path: str = "/login", **changes: Any) -> httpx.Response:
        """Sign in all the way and return the answer of /callback."""
        query = self.provider.respond(await self.begin(path), **changes)
        return await self.http.get(f"/callback?{query}")


@pytest.fixture
def provider() -> Iterator[ProviderDouble]:
    double = ProviderDouble()
    double.start()
    yield double
    double.stop()


@asynccontextmanager
async def running(provider: ProviderDouble, settings: Settings) -> AsyncIterator[Running]:
    """Beijing's portal with these settings, and a clock that moves it and its provider."""
    clock = SettableClock(time.time())
    provider.clock = clock
    app = create_app(load(find("beijing", settings), settings), settings, clock)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app)
        http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=BEIJING))
        started = Running(app, http, clock, provider)
        provider.client_jwks = public_jwks(started.parts.key)
        yield started


@pytest.fixture
async def portal(provider: ProviderDouble, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(provider, Settings(var=tmp_path / "var", issuer=provider.issuer)) as started:
        yield started


def problem(answer: httpx.Response) -> str:
    """Return the code of the problem that an error page tells about."""
    before, found, rest = answer.text.partition('data-problem="')
    assert found, before[:500]
    return rest.split('"')[0]
