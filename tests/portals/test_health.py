"""Alive and ready are two questions, and the provider is part of neither answer's status."""

from __future__ import annotations

from starlette.responses import Response

from tests.portals.conftest import Running
from tests.portals.provider_double import ProviderDouble


async def test_ready_says_when_the_provider_answered_last(portal: Running) -> None:
    answer = await portal.http.get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ready\nprovider: not asked yet\n")
    assert answer.headers["cache-control"] == "no-store"
    await portal.begin()
    portal.clock.advance(12)
    assert (await portal.http.get("/readyz")).text == "ready\nprovider: answered 12 s ago\n"


async def test_ready_without_the_provider_and_says_so(portal: Running, provider: ProviderDouble) -> None:
    await portal.begin()
    provider.failing["/par"] = Response("", 503)
    await portal.http.get("/login")
    answer = await portal.http.get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ready\nprovider: did not answer 0 s ago\n")
    provider.failing.clear()
    await portal.begin()
    provider.stop()
    await portal.http.get("/login")
    portal.clock.advance(3)
    assert (await portal.http.get("/readyz")).text == "ready\nprovider: did not answer 3 s ago\n"


async def test_not_ready_without_its_own_store_but_alive(portal: Running) -> None:
    portal.parts.database.connection.execute("ALTER TABLE secrets RENAME TO gone")
    answer = await portal.http.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "not ready\n")
    assert answer.headers["retry-after"] == "5"
    assert (await portal.http.get("/healthz")).status_code == 200
    portal.parts.database.connection.execute("ALTER TABLE gone RENAME TO secrets")
    assert (await portal.http.get("/readyz")).status_code == 200
