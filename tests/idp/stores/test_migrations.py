"""A database of an older version is brought forward with all that is in it, once and as a whole."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

import idp.stores.postgres.migrations as postgres
from idp.model import AuditEvent
from idp.stores.opening import open_stores
from idp.stores.sqlite.database import HERE, MIGRATIONS
from tests.idp.stores.contract import grant, interaction, person, registered_client, session, sign_in, stored_key
from tests.replaced import replace
from web.database_address import SQLITE

NOW_KNOWN = postgres.MIGRATIONS
NEXT = "CREATE TABLE addition (name TEXT); ALTER TABLE people ADD COLUMN addition TEXT NOT NULL DEFAULT 'added';"


def older_file(path: Path, version: int) -> str:
    """Make a file of that version as the program of its time would have, with one row in each table that matters."""
    connection = sqlite3.connect(path)
    for name in MIGRATIONS[:version]:
        connection.executescript((HERE / name).read_text(encoding="utf-8"))
    rows: dict[str, tuple[object, ...]] = {
        "people VALUES (?, ?, ?, ?, ?, ?, ?)": (
            "li", "li.beijing", "hash", 3, None,
            '{"real_name": "李明", "home_region": "110000", "id_number": "110000190001010012"}', 5,
        ),
        "sessions (session_id, user_id, auth_time, level, amr, created_at, seen_at, expires_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)": (
            "s1", "li", 1_800_000_000, 3, "pwd", 1.8e9, 1.8e9, 1.8e9 + 28800,
        ),
        "sign_ins VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)": (
            "sid1", "s1", "alpha", "li", "sub at alpha", 1.8e9, 1.8e9, None, None,
        ),
        "grants (grant_id, code_hash, client_id, user_id, session_id, sid, sub, redirect_uri, scope, resource, nonce, "
        "code_challenge, auth_time, level, amr, issued_at, code_expires_at, offline, keep_until) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)": (
            "g1", "code", "alpha", "li", "s1", "sid1", "sub", "http://alpha.localhost/callback", "openid profile",
            "http://alpha.localhost/api", "n", "c" * 43, 1_800_000_000, 3, "pwd", 1.8e9, 1.8e9 + 60, 0, 1.8e9 + 660,
        ),
        "audit (at, event, detail) VALUES (?, ?, ?)": (1.0, "login.succeeded", "{}"),
        "interactions (interaction_id, client_id, parameters, browser, created_at, expires_at, reauthenticate) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)": (
            "i1", "alpha", '[["client_id", "alpha"], ["state", "中 &="], ["resource", "a"], ["resource", "a"]]',
            "browser", 1.8e9, 1.8e9 + 1800, 1,
        ),
    }  # fmt: skip
    if version > 1:
        rows[
            "registered_clients (client_id, metadata, registration_token_hash, issued_at, changed_at, secret_hash) "
            "VALUES (?, ?, ?, ?, ?, ?)"
        ] = (
            "c1", '{"client_name": "小店"}', "hash", 1_800_000_000, 1.8e9, None,
        )  # fmt: skip
    for text, values in rows.items():
        connection.execute(f"INSERT INTO {text}", values)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.commit()
    connection.close()
    return f"{SQLITE}{path}"


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
async def test_a_file_of_each_older_version_is_read_as_if_it_were_new(tmp_path: Path, version: int) -> None:
    stores = await open_stores(older_file(tmp_path / "idp.db", version))
    assert await stores.people.by_id("li") == person()
    assert await stores.sessions.live("s1", 1.8e9) == session()
    assert await stores.sign_ins.get("sid1") == sign_in()
    assert await stores.grants.get("g1") == grant()
    assert await stores.interactions.get("i1") == interaction()
    assert await stores.grants.redeem("g1", 1.8e9, "refresh", 1.8e9 + 100, "thumbprint")
    assert await stores.registered_clients.add(registered_client("c2"), 9)
    if version > 1:
        assert await stores.registered_clients.get("c1") == registered_client()
    [event] = await stores.audit.latest(9)
    assert (event.event, event.chain) == ("login.succeeded", None)
    assert await stores.sign_ins.expired_sessions(1.8e9 + 3599, 3600) == []
    assert await stores.sign_ins.expired_sessions(1.8e9 + 3600, 3600) == [("s1", "li")]
    # Its grant_id does not begin with the time, as those of version 6 do.
    await stores.upkeep.sweep(1.8e9 + 2 * 86400)
    assert await stores.grants.get("g1") is None
    await stores.upkeep.close()


def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return how a program of a later version is made, of which one more file is known."""

    def make(script: str) -> None:
        for name in postgres.MIGRATIONS:
            (tmp_path / name).write_bytes((postgres.HERE / name).read_bytes())
        (tmp_path / "version_7.sql").write_text(script, encoding="utf-8")
        monkeypatch.setattr(postgres, "HERE", tmp_path)
        monkeypatch.setattr(postgres, "MIGRATIONS", (*NOW_KNOWN, "version_7.sql"))

    return make


def read(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


async def test_a_database_keeps_what_is_in_it_when_it_is_brought_forward(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await postgres.migrate(database_url) == (0, 6)
    stores = await open_stores(database_url)
    await stores.people.add(person(), "hash")
    await stores.grants.issue(grant(), "code")
    await stores.keys.add([stored_key("a", "current")])
    await stores.upkeep.close()
    later(tmp_path, monkeypatch)(NEXT)
    assert await postgres.migrate(database_url) == (6, 7)
    assert await postgres.migrate(database_url) == (7, 7)
    stores = await open_stores(database_url)
    assert await stores.people.by_id("li") == person()
    assert await stores.grants.get("g1") == grant()
    assert await stores.keys.all() == [replace(stored_key("a", "current"))]
    await stores.upkeep.close()
    assert read(database_url, "SELECT addition FROM people") == [("added",)]


async def test_of_many_that_start_at_once_one_makes_the_tables(database_url: str) -> None:
    came_of_it = await asyncio.gather(*(postgres.migrate(database_url) for _ in range(8)))
    assert sorted(before for before, _ in came_of_it) == [0, *[6] * 7]
    assert {after for _, after in came_of_it} == {6}


async def test_a_migration_that_fails_leaves_everything_as_it_was(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await postgres.migrate(database_url)
    make = later(tmp_path, monkeypatch)
    make(NEXT + "ALTER TABLE nowhere ADD COLUMN addition TEXT;")
    with pytest.raises(psycopg.errors.UndefinedTable):
        await postgres.migrate(database_url)
    assert read(database_url, "SELECT max(version), to_regclass('addition') FROM schema_version") == [(6, None)]
    make(NEXT)
    assert await postgres.migrate(database_url) == (6, 7)


async def test_a_database_of_a_newer_version_is_refused_with_a_sentence(database_url: str) -> None:
    await postgres.migrate(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO schema_version VALUES (99)")
    with pytest.raises(RuntimeError, match="newer Manyou"):
        await open_stores(database_url)


async def test_events_from_before_there_were_chains_stay_and_new_ones_are_chained(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await postgres.make(connection, 0, 4)
        await connection.execute("INSERT INTO audit (at, event, detail) VALUES (1, 'login.succeeded', '{}')")
    assert await postgres.migrate(database_url) == (4, 6)
    stores = await open_stores(database_url)
    await stores.audit.record(AuditEvent(2.0, "login.failed", None, None, None, None, {}, "chain"))
    assert [(one.event, one.chain) for one in await stores.audit.latest(9)] == [
        ("login.failed", "chain"), ("login.succeeded", None),
    ]  # fmt: skip
    await stores.upkeep.close()
