"""The stores of a portal in an SQLite file keep the contract; files of older versions are brought forward."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from portals.stores.sessions import Sessions
from portals.stores.sqlite import HERE, MIGRATIONS, SqliteDatabase
from tests.portals.stores.contract import IDLE, NOW, Open, StoresContract, session
from web.unavailable import StoreUnavailable


@pytest.fixture
def open_database(tmp_path: Path) -> Open:
    async def opened() -> SqliteDatabase:
        return SqliteDatabase(tmp_path / "portals" / "beijing" / "portal.db")

    return opened


class TestStores(StoresContract):
    """See contract.py."""


def old_file(path: Path) -> None:
    """Make a file as it was before versions were counted, with somebody signed in."""
    connection = sqlite3.connect(path)
    connection.executescript((HERE / "schema.sql").read_text(encoding="utf-8"))
    values = {**vars(session()), "userinfo": '{"name": "李*", "home_region": "110000"}'}
    names = ", ".join(values)
    connection.execute(
        f"INSERT INTO sessions ({names}) VALUES ({', '.join('?' * len(values))})", tuple(values.values())
    )
    connection.commit()
    assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    connection.close()


async def test_a_file_from_before_versions_keeps_who_is_signed_in(tmp_path: Path) -> None:
    path = tmp_path / "portal.db"
    old_file(path)
    for _ in range(2):
        database = SqliteDatabase(path)
        sessions = Sessions(database, IDLE)
        assert await sessions.find("a session", NOW + 1) == session()
        await database.close()
    database = SqliteDatabase(path)
    assert await Sessions(database, IDLE).claim_renewal(session(), "somebody", NOW)
    assert database.connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    await database.close()


async def test_a_file_of_a_newer_version_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "portal.db"
    database = SqliteDatabase(path)
    database.connection.execute("PRAGMA user_version = 99")
    await database.close()
    with pytest.raises(RuntimeError, match="newer Manyou"):
        SqliteDatabase(path)


async def test_what_fails_in_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "portal.db")
    await Sessions(database, IDLE).begin(session(), NOW, None)
    with pytest.raises(sqlite3.IntegrityError):
        await Sessions(database, IDLE).begin(session(), NOW, None)
    account = await Sessions(database, IDLE).account("li")
    assert account is not None
    assert account.visits == 1
    await database.close()


async def test_a_file_that_another_process_holds_is_unavailable_and_then_available(tmp_path: Path) -> None:
    path = tmp_path / "portal.db"
    database = SqliteDatabase(path)
    database.connection.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        await Sessions(database, IDLE).begin(session(), NOW, None)
    with pytest.raises(StoreUnavailable):
        await Sessions(database, IDLE).end("a session")
    await database.check()
    other.execute("ROLLBACK")
    assert await Sessions(database, IDLE).begin(session(), NOW, None)
    other.close()
    await database.close()
