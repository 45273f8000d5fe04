"""A portal on PostgreSQL: the database goes away and comes back, and copies on other machines have the same keys."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from portals.client_key import CLIENT_KEY, DPOP_KEY, BadClientKey
from portals.settings import Settings
from tests.journeys.eventually import PAUSE_SECONDS
from tests.portals.conftest import BEIJING, Running, problem, running
from tests.portals.provider_double import ProviderDouble
from tests.postgres import PostgresServer


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of these tests' own, since they stop it."""
    with PostgresServer() as started:
        yield started


@pytest.fixture
def settings(server: PostgresServer, provider: ProviderDouble, tmp_path: Path) -> Settings:
    return Settings(var=tmp_path / "var", issuer=provider.issuer, portal_database=server.fresh_database())


@pytest.fixture
async def on_postgres(provider: ProviderDouble, settings: Settings) -> AsyncIterator[Running]:
    async with running(provider, settings) as started:
        yield started


def to_be_tried_again(answer: httpx.Response) -> bool:
    return answer.status_code == 503 and answer.headers["retry-after"].isdigit()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_while_the_database_is_away_all_is_to_be_tried_again_and_then_it_goes_on(
    on_postgres: Running, server: PostgresServer, mode: str
) -> None:
    portal = on_postgres
    assert (await portal.sign_in()).status_code == 303
    page = await portal.http.get("/me")
    assert page.status_code == 200
    token = portal.provider.logout_token(sid="another-session-0123456789")
    server.stop(mode)
    try:
        for path in ("/me", "/inspect", "/login", "/callback?state=x&iss=y&code=z"):
            answer = await portal.http.get(path)
            assert to_be_tried_again(answer), path
            assert problem(answer) == "store_unavailable"
        # What is wrong for another reason is told as ever.
        assert problem(await portal.http.get("/nowhere")) == "not_found"
        told = await portal.http.post("/backchannel-logout", data={"logout_token": token})
        assert to_be_tried_again(told)
        assert told.json()["error"] == "temporarily_unavailable"
        assert to_be_tried_again(await portal.http.get("/readyz"))
        for path in ("/healthz", "/jwks", "/look.css"):
            assert (await portal.http.get(path)).status_code == 200
    finally:
        server.start()
    # It comes back by itself, at the next connection that is made.
    async with asyncio.timeout(30):
        while (await portal.http.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - it is in another process
            await asyncio.sleep(PAUSE_SECONDS)
    assert (await portal.http.get("/me")).text == page.text
    # What could not be kept was not taken for done.
    assert (await portal.http.post("/backchannel-logout", data={"logout_token": token})).status_code == 200


async def test_a_restart_between_two_requests_is_seen_by_nobody(on_postgres: Running, server: PostgresServer) -> None:
    await on_postgres.sign_in()
    for mode in ("fast", "immediate"):
        server.stop(mode)
        server.start()
        assert (await on_postgres.http.get("/me")).status_code == 200


async def test_a_database_that_is_frozen_is_not_ready_within_the_second(
    on_postgres: Running, server: PostgresServer
) -> None:
    server.signal(signal.SIGSTOP)
    try:
        answers = await asyncio.gather(*(on_postgres.http.get("/readyz") for _ in range(5)))
        assert {answer.status_code for answer in answers} == {503}
    finally:
        server.signal(signal.SIGCONT)
    assert (await on_postgres.http.get("/readyz")).status_code == 200


async def test_a_copy_on_another_machine_needs_the_keys_of_the_first(
    on_postgres: Running, provider: ProviderDouble, settings: Settings, tmp_path: Path
) -> None:
    await on_postgres.sign_in()
    elsewhere = settings.model_copy(update={"var": tmp_path / "elsewhere"})
    mine, theirs = (place / "portals" / "beijing" for place in (settings.var, elsewhere.var))
    with pytest.raises(BadClientKey, match=r"client-key\.json is not there, and other copies"):
        async with running(provider, elsewhere):
            pass
    assert not theirs.exists()
    theirs.mkdir(parents=True)
    shutil.copy(mine / CLIENT_KEY, theirs)
    shutil.copy(mine / CLIENT_KEY, theirs / DPOP_KEY)
    with pytest.raises(BadClientKey, match=r"dpop-key\.json is not the key that other copies"):
        async with running(provider, elsewhere):
            pass
    shutil.copy(mine / DPOP_KEY, theirs)
    async with running(provider, elsewhere) as other:
        other.http.cookies = on_postgres.http.cookies
        page = await other.http.get(f"{BEIJING}/me")
        assert page.status_code == 200
