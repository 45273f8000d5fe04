"""A whole database: migrated, checked, backed up while it is at work, and restored as a whole or not at all."""

from __future__ import annotations

import asyncio
import itertools
import json
import sqlite3
import stat
import zipfile
from pathlib import Path

import psycopg
import pytest

from idp.model import AuditEvent
from idp.stores.care import TABLES, BadBackup, Care
from idp.stores.opening import care_of, open_stores
from idp.stores.protocols import Stores
from tests.idp.stores.contract import (
    NOW,
    URIS,
    grant,
    interaction,
    person,
    registered_client,
    session,
    sign_in,
    stored_key,
)
from tests.postgres import PostgresServer
from tests.replaced import replace
from web.database_address import SQLITE
from web.unavailable import StoreUnavailable

KINDS = ("sqlite", "postgres")


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"{SQLITE}{tmp_path / 'idp.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.fresh()


@pytest.fixture
def other_url(url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of the same kind."""
    if url.startswith(SQLITE):
        return f"{SQLITE}{tmp_path / 'other' / 'idp.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.fresh()


@pytest.fixture
def care(url: str) -> Care:
    return care_of(url)


async def fill(stores: Stores) -> None:
    """Keep something of everything, with what is hard to copy: tabs, backslashes, line ends, rare characters."""
    await stores.people.add(person("li", real_name="孙㛃·𬎆\t\\N\n\\.\r\x7f", phone="1"), "hash")
    await stores.consents.give("li", "alpha", {"email": "consent"}, NOW)
    await stores.login_failures.attempt("li", "::1", NOW)
    await stores.sessions.start(session())
    await stores.sign_ins.enter(sign_in())
    await stores.sign_ins.enter(sign_in("sid2", "beta"))
    await stores.interactions.open(interaction(), 9)
    await stores.grants.issue(grant(nonce="\\N"), "code")
    await stores.grants.redeem("g1", NOW + 0.1, "refresh", NOW + 1 / 3)
    await stores.registered_clients.add(registered_client(), 9)
    await stores.grants.revoke_access_token("jti", NOW)
    await stores.assertions.use("alpha", "jti", NOW)
    await stores.keys.add([replace(stored_key("a", "current"), private=bytes(range(256))), stored_key("b", "next")])
    await stores.keys.keep_secret("csrf", b"\x00\xff")
    await stores.sign_ins.end(["sid1"], "test", NOW, URIS)
    await stores.audit.record(AuditEvent(NOW, "event", None, None, None, None, {"why": "因为\\t"}))


async def everything(url: str) -> list[object]:
    stores = await open_stores(url)
    found = [
        await stores.people.for_login("li.beijing"),
        await stores.consents.of_person("li"),
        await stores.sessions.live("s1", NOW),
        await stores.sign_ins.get("sid1"),
        await stores.sign_ins.get("sid2"),
        await stores.interactions.get("i1"),
        await stores.grants.get("g1"),
        await stores.grants.by_refresh_token("refresh"),
        await stores.registered_clients.get("c1"),
        await stores.grants.access_token_revoked("jti"),
        await stores.keys.all(),
        await stores.keys.secret("csrf"),
        await stores.deliveries.of_person("li", 9),
        await stores.audit.latest(9),
    ]
    await stores.upkeep.close()
    return found


async def test_what_is_restored_is_what_was_there(url: str, other_url: str, care: Care, tmp_path: Path) -> None:
    stores = await open_stores(url)
    await fill(stores)
    await stores.upkeep.close()
    backup = tmp_path / "backup"
    rows = await care.backup(backup)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert rows["sign_ins"] == 2
    assert set(rows) == set(TABLES)
    assert await care_of(other_url).restore(backup) == rows
    assert await everything(other_url) == await everything(url)
    assert (await care_of(other_url).check()).faults == []
    # What comes after it has numbers of its own.
    restored = await open_stores(other_url)
    await restored.sign_ins.end(["sid2"], "test", NOW, {"beta": "http://beta.localhost/"})
    assert len(await restored.deliveries.claim(NOW, 30, 9)) == 2
    await restored.audit.record(AuditEvent(NOW, "later", None, None, None, None, {}))
    assert [event.event for event in await restored.audit.latest(2)] == ["later", "event"]
    await restored.upkeep.close()


async def test_a_restore_takes_the_place_of_everything(url: str, care: Care, tmp_path: Path) -> None:
    stores = await open_stores(url)
    await stores.people.add(person("li"), "hash")
    await care.backup(tmp_path / "backup")
    await stores.people.add(person("wang"), "hash")
    await stores.people.set_frozen("li", True, NOW)
    await stores.upkeep.close()
    await care.restore(tmp_path / "backup")
    stores = await open_stores(url)
    assert await stores.people.usernames() == {"li.beijing"}
    assert await stores.people.by_id("li") == person("li")
    await stores.upkeep.close()


async def test_a_backup_is_of_one_moment_while_the_provider_goes_on(
    url: str, other_url: str, care: Care, tmp_path: Path
) -> None:
    stores = await open_stores(url)
    await stores.keys.add([stored_key("a", "current"), stored_key("b", "next")])
    for number in range(300):
        await stores.audit.record(AuditEvent(NOW, f"event {number}", None, None, None, None, {"text": "x" * 2000}))
    taken = asyncio.Event()

    async def go_on() -> int:
        for number in itertools.count():
            here = f"s{number}"
            await stores.sessions.start(session(here))
            await stores.sign_ins.enter(sign_in(f"sid{number}", "alpha", here))
            await stores.grants.issue(grant(f"g{number}", f"sid{number}", session_id=here), f"code{number}")
            await stores.grants.redeem(f"g{number}", NOW, f"refresh{number}", NOW + 100)
            await stores.sign_ins.end_session(here, "logged_out", NOW, URIS)
            # SQLite answers inline: without this nobody else had a turn.
            await asyncio.sleep(0)
            if taken.is_set():
                return number
        raise AssertionError

    working = asyncio.create_task(go_on())
    await asyncio.sleep(0)
    for number in range(3):
        await asyncio.sleep(0)
        await care.backup(tmp_path / f"backup{number}")
        await care_of(other_url).restore(tmp_path / f"backup{number}")
        assert (await care_of(other_url).check()).faults == []
    taken.set()
    assert await working > 0
    assert (await care.check()).faults == []
    await stores.upkeep.close()


@pytest.mark.parametrize(
    "content", [b"", b"not a backup", b"SQLite format 3\x00" + b"\x00" * 5000, b"PK\x05\x06" + b"\x00" * 18]
)
async def test_what_is_no_backup_is_refused_and_changes_nothing(
    url: str, care: Care, tmp_path: Path, content: bytes
) -> None:
    stores = await open_stores(url)
    await stores.people.add(person(), "hash")
    await stores.upkeep.close()
    (tmp_path / "backup").write_bytes(content)
    with pytest.raises(BadBackup):
        await care.restore(tmp_path / "backup")
    stores = await open_stores(url)
    assert await stores.people.by_id("li") == person()
    await stores.upkeep.close()


async def test_a_backup_that_was_damaged_is_refused_and_changes_nothing(url: str, care: Care, tmp_path: Path) -> None:
    stores = await open_stores(url)
    await fill(stores)
    await care.backup(tmp_path / "backup")
    await stores.people.add(person("wang"), "hash")
    await stores.upkeep.close()
    whole = (tmp_path / "backup").read_bytes()
    for place in range(200, len(whole), max(1, len(whole) // 12)):
        (tmp_path / "damaged").write_bytes(whole[:place])
        with pytest.raises(BadBackup):
            await care.restore(tmp_path / "damaged")
    stores = await open_stores(url)
    assert "wang.beijing" in await stores.people.usernames()
    await stores.upkeep.close()


async def test_a_backup_of_a_newer_version_is_refused(url: str, care: Care, tmp_path: Path) -> None:
    await care.migrate()
    backup = tmp_path / "backup"
    await care.backup(backup)
    if url.startswith(SQLITE):
        connection = sqlite3.connect(backup)
        connection.execute("PRAGMA user_version = 99")
        connection.close()
    else:
        with zipfile.ZipFile(backup) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        files["manifest.json"] = json.dumps({**json.loads(files["manifest.json"]), "version": 99}).encode()
        with zipfile.ZipFile(backup, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    with pytest.raises(BadBackup, match="this version"):
        await care.restore(backup)


async def test_a_backup_does_not_overwrite_what_is_there(care: Care, tmp_path: Path) -> None:
    await care.migrate()
    (tmp_path / "backup").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        await care.backup(tmp_path / "backup")
    assert (tmp_path / "backup").read_bytes() == b"precious"


async def test_migrating_tells_versions_and_happens_once(care: Care) -> None:
    before, after = await care.migrate()
    assert before == 0
    assert await care.migrate() == (after, after)
    found = await care.check()
    assert (found.version, found.newest, found.faults) == (after, after, [])
    assert set(found.rows) == set(TABLES)
    assert set(found.rows.values()) == {0}


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE sessions SET ended_at = 1", "1 sign-ins live in a session that has ended"),
        ("UPDATE grants SET revoked_at = NULL", "1 grants outlive their sign-in without being for offline access"),
        ("UPDATE grants SET redeemed_at = NULL", "1 refresh tokens came of a code that was not redeemed"),
        ("DELETE FROM grants", "1 refresh tokens belong to no grant"),
        ("DELETE FROM signing_keys WHERE state = 'next'", "1 algorithms have not exactly one current key and one next"),
    ],
)
async def test_a_check_finds_what_must_never_be_so(url: str, care: Care, statement: str, fault: str) -> None:
    stores = await open_stores(url)
    await fill(stores)
    await stores.upkeep.close()
    assert (await care.check()).faults == []
    if url.startswith(SQLITE):
        connection = sqlite3.connect(url.removeprefix(SQLITE), isolation_level=None)
        connection.execute(statement)
        connection.close()
    else:
        with psycopg.connect(url) as database:
            database.execute(statement.encode())
    assert (await care.check()).faults == [fault]


async def test_a_database_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    for url in (f"{SQLITE}{tmp_path / 'nowhere.db'}", "postgresql://manyou@127.0.0.1:1/manyou"):
        with pytest.raises(StoreUnavailable):
            await care_of(url).check()


async def test_every_table_is_copied(url: str, care: Care) -> None:
    await care.migrate()
    if url.startswith(SQLITE):
        connection = sqlite3.connect(url.removeprefix(SQLITE))
        found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        connection.close()
    else:
        with psycopg.connect(url) as database:
            tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
            found = {name for (name,) in database.execute(tables.encode()).fetchall()}
    assert found - {"schema_version"} == set(TABLES)
