"""The sweep takes what has run out a little at a time, wherever it lies, and nobody waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

import idp.stores.postgres.upkeep
import idp.stores.sqlite.upkeep
from idp.model import AuditEvent, grant_ids_from
from idp.stores.opening import open_stores
from idp.stores.protocols import Stores
from tests.idp.stores.contract import NOW, grant, session, sign_in
from web.database_address import SQLITE

DAY = 86400.0
ONE_IN_FOUR = 40


@pytest.fixture(params=["sqlite", "postgres"])
async def stores(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stores]:
    monkeypatch.setattr(idp.stores.sqlite.upkeep, "LOOKED_AT_ONCE", 10)
    monkeypatch.setattr(idp.stores.sqlite.upkeep, "DELETED_AT_ONCE", 3)
    monkeypatch.setattr(idp.stores.postgres.upkeep, "AT_ONCE", 7)
    url = f"{SQLITE}{tmp_path / 'idp.db'}" if request.param == "sqlite" else request.getfixturevalue("database_url")
    opened = await open_stores(url)
    yield opened
    await opened.upkeep.close()


async def test_what_has_run_out_is_found_wherever_it_lies_and_nothing_else(stores: Stores) -> None:
    for number in range(ONE_IN_FOUR):
        late = NOW + (0 if number % 4 else 9 * DAY)
        # Numbered as now, and as before version 6.
        for grant_id in (f"{grant_ids_from(NOW)}{number:02}", f"z{number:02}"):
            await stores.grants.issue(grant(grant_id, offline=True, code_expires_at=late), f"code of {grant_id}")
            await stores.grants.redeem(grant_id, NOW - 1, f"token of {grant_id}", late)
        await stores.assertions.use(f"client {number % 3}", f"{number}", late)
        await stores.audit.record(AuditEvent(late, "login.failed", None, None, None, str(number), {}))
    left = list(range(0, ONE_IN_FOUR, 4))
    await stores.upkeep.sweep(NOW + 2 * DAY)
    for number in range(ONE_IN_FOUR):
        kept = number in left
        for grant_id in (f"{grant_ids_from(NOW)}{number:02}", f"z{number:02}"):
            assert (await stores.grants.get(grant_id) is not None) is kept
            assert (await stores.grants.by_refresh_token(f"token of {grant_id}") is not None) is kept
        assert await stores.assertions.use(f"client {number % 3}", f"{number}", NOW) is not kept
    await stores.upkeep.sweep(NOW + 181 * DAY)
    assert [int(str(one.incident)) for one in await stores.audit.latest(99)] == left[::-1]


async def test_others_have_their_turn_between_a_few_rows_and_the_next(stores: Stores) -> None:
    for number in range(50):
        await stores.assertions.use("alpha", f"{number}", NOW)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(others())
    assert await stores.upkeep.sweep(NOW + DAY) == 50
    task.cancel()
    assert turns > 50 / 7


async def test_the_sweep_does_not_depend_on_what_postgresql_expects_of_a_table(database_url: str) -> None:
    opened = await open_stores(database_url)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        # Looked at when next to nothing had run out, as a table of what lives for minutes may be before a busy time.
        await connection.execute("INSERT INTO assertions SELECT 'alpha', n::text, 9e9 FROM generate_series(1, 300) n")
        await connection.execute("ANALYZE assertions")
        await connection.execute("INSERT INTO assertions SELECT 'beta', n::text, 0 FROM generate_series(1, 20000) n")
    # A plan that looks for the rows anew for each of them ends at the statement's time limit.
    assert await opened.upkeep.sweep(NOW) == 20_000
    await opened.upkeep.close()


async def test_a_session_that_is_used_is_looked_at_again_only_when_it_may_have_run_out(stores: Stores) -> None:
    await stores.sessions.start(session("used"))
    await stores.sessions.start(session("left alone"))
    for minute in range(59):
        await stores.sessions.touch("used", NOW + 60 * minute)
    assert await stores.sign_ins.expired_sessions(NOW + 3599, 3600) == []
    assert await stores.sign_ins.expired_sessions(NOW + 3600, 3600) == [("left alone", "li")]
    await stores.sign_ins.end_session("left alone", "expired", NOW + 3600, {})
    assert await stores.sign_ins.expired_sessions(NOW + 60 * 58 + 3599, 3600) == []
    assert await stores.sign_ins.expired_sessions(NOW + 60 * 58 + 3600, 3600) == [("used", "li")]
    # Whoever was told of it ends it; had it fallen before, somebody else does.
    assert await stores.sign_ins.expired_sessions(NOW + 60 * 58 + 3629, 3600) == []
    assert await stores.sign_ins.expired_sessions(NOW + 60 * 58 + 3630, 3600) == [("used", "li")]


async def test_all_grants_of_a_person_are_revoked_with_those_for_offline_access(stores: Stores) -> None:
    await stores.sessions.start(session())
    await stores.sign_ins.enter(sign_in())
    await stores.sign_ins.enter(sign_in("sid2", "beta"))
    await stores.grants.issue(grant("online"), "c1")
    await stores.grants.issue(grant("at another client", "sid2", client_id="beta"), "c2")
    await stores.grants.issue(grant("offline", "ended before", offline=True), "c3")
    await stores.grants.issue(grant("of another", "theirs", user_id="wang", offline=True), "c4")

    async def revoked() -> list[str]:
        ids = ("online", "at another client", "offline", "of another")
        found = [await stores.grants.get(grant_id) for grant_id in ids]
        return [one.grant_id for one in found if one is not None and one.revoked_at is not None]

    await stores.grants.revoke_of_person("li", "alpha", NOW)
    assert await revoked() == ["online", "offline"]
    await stores.grants.revoke_of_person("li", None, NOW)
    assert await revoked() == ["online", "at another client", "offline"]


async def test_what_the_log_of_a_file_holds_is_written_into_it_beside_requests(tmp_path: Path) -> None:
    path = tmp_path / "idp.db"
    stores = await open_stores(f"{SQLITE}{path}")
    await stores.upkeep.fold()
    before = path.read_bytes()
    await stores.sessions.start(session("kept"))
    # In the log alone.
    assert path.read_bytes() == before
    await stores.upkeep.fold()
    assert b"kept" in path.read_bytes()
    await stores.upkeep.close()


class Busy:
    """A connection in the middle of a statement until it is told to get on."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.said: list[str] = []

    def execute(self, statement: str) -> Busy:
        self.begun.set()
        assert self.may_end.wait(10)
        self.said.append(statement)
        return self

    def fetchall(self) -> list[object]:
        return []

    def close(self) -> None:
        self.said.append("closed")


async def test_a_file_is_closed_after_whoever_writes_its_log_is_done(tmp_path: Path) -> None:
    stores = await open_stores(f"{SQLITE}{tmp_path / 'idp.db'}")
    busy = Busy()
    stores.upkeep._folding = busy  # type: ignore[attr-defined]
    folding = threading.Thread(target=lambda: asyncio.run(stores.upkeep.fold()))
    folding.start()
    assert busy.begun.wait(10)
    closing = threading.Thread(target=lambda: asyncio.run(stores.upkeep.close()))
    closing.start()
    # Time to do it wrong; whoever does it right is not in a hurry.
    closing.join(0.2)
    assert busy.said == []
    busy.may_end.set()
    for thread in (folding, closing):
        thread.join(10)
    assert busy.said == ["PRAGMA wal_checkpoint(PASSIVE)", "closed"]
