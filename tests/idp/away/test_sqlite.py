"""The disk is full, or another process holds the file: refused cleanly, nothing half done, and it goes on by itself."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from idp.model import AuditEvent
from idp.stores.opening import open_stores
from idp.stores.protocols import Stores
from tests.idp.conftest import ProviderFactory
from tests.idp.provider import Provider
from tests.idp.stores.contract import NOW, grant
from web.database_address import SQLITE
from web.unavailable import StoreUnavailable

HOLDER = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""
ASKED = 20
LARGE = {"text": "x" * 5000}


@contextmanager
def full_disk(stores: Stores) -> Iterator[None]:
    """Let the file have as many pages as it has, and no more."""
    database = stores.upkeep.database
    [pages] = database.many("PRAGMA page_count")[0]  # type: ignore[attr-defined]
    database.execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]
    try:
        yield
    finally:
        database.execute("PRAGMA max_page_count = 1073741823")  # type: ignore[attr-defined]


async def fill(stores: Stores) -> None:
    for _ in range(1000):
        await stores.audit.record(AuditEvent(NOW, "event", None, None, None, None, LARGE))


async def fill_with_transactions(stores: Stores) -> None:
    for number in range(1000):
        await stores.consents.give("li" * 500, f"client {number}" * 100, {"email": "consent"}, NOW)


async def test_a_full_disk_refuses_what_it_cannot_keep_and_loses_nothing(tmp_path: Path) -> None:
    stores = await open_stores(f"{SQLITE}{tmp_path / 'idp.db'}")
    await stores.grants.issue(grant(), "code")
    with full_disk(stores):
        with pytest.raises(StoreUnavailable, match="full"):
            await fill(stores)
        with pytest.raises(StoreUnavailable, match="full"):
            await fill_with_transactions(stores)
        # What is there is still read.
        assert await stores.grants.get("g1") == grant()
    assert await stores.grants.redeem("g1", NOW, "refresh", NOW + 100)
    await fill(stores)
    await stores.upkeep.close()
    connection = sqlite3.connect(tmp_path / "idp.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_a_full_disk_is_503_and_not_500(make_provider: ProviderFactory) -> None:
    provider = make_provider()
    tokens = provider.client().tokens(provider.visitor())

    async def refuse() -> None:
        with pytest.raises(StoreUnavailable):
            await fill(provider.parts.stores)

    def asked(provider: Provider) -> list[int]:
        client = provider.client()
        return [client.authorize(provider.visitor()).status_code for _ in range(40)]

    with full_disk(provider.parts.stores):
        provider.run(refuse())
        answers = asked(provider)
        assert 503 in answers
        assert set(answers) <= {302, 303, 503}
    assert 503 not in asked(provider)
    assert provider.client().refresh(tokens.refresh_token).status_code == 200


async def test_a_file_that_another_process_holds_is_to_be_tried_again(tmp_path: Path) -> None:
    stores = await open_stores(f"{SQLITE}{tmp_path / 'idp.db'}")
    stores.upkeep.database.execute("PRAGMA busy_timeout = 10")  # type: ignore[attr-defined]
    other = sqlite3.connect(tmp_path / "idp.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        await stores.grants.issue(grant(), "code")
    with pytest.raises(StoreUnavailable, match="locked"):
        await stores.grants.redeem("g1", NOW, None, 0.0)
    other.execute("ROLLBACK")
    other.close()
    assert await stores.grants.issue(grant(), "code")
    await stores.upkeep.close()


@contextmanager
def held_by_another_process(file: Path) -> Iterator[None]:
    """Let another process begin to write, and not go on, until the end."""
    command = [sys.executable, "-c", HOLDER, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
        holder.communicate("go\n")


def test_while_another_process_writes_nobody_waits_for_long_who_does_not_write_and_the_others_are_told(
    make_provider: ProviderFactory,
) -> None:
    provider = make_provider()
    client, visitor = provider.client(), provider.visitor()
    tokens = client.tokens(visitor)
    landing = client.sign_in(visitor)
    with held_by_another_process(provider.var / "idp.db"):
        began = time.monotonic()
        for _ in range(ASKED):
            refused = client.refresh(tokens.refresh_token)
            assert (refused.status_code, refused.headers["retry-after"].isdigit()) == (503, True)
            assert refused.json()["error"] == "temporarily_unavailable"
            assert client.exchange(landing).status_code == 503
            assert client.userinfo(tokens.access_token).status_code == 200
            assert provider.get("/jwks").status_code == 200
        page = visitor.follow(client.authorize(visitor))
        assert (page.status_code, page.headers["retry-after"].isdigit()) == (503, True)
        # Less than a single one of them waited when each waited as long as a command does.
        assert time.monotonic() - began < 5
    # Nothing of what was refused has used anything up.
    assert client.exchange(landing).status_code == 200
    assert client.refresh(tokens.refresh_token).status_code == 200


def test_a_command_that_writes_for_a_moment_costs_nobody_anything(make_provider: ProviderFactory) -> None:
    provider = make_provider()
    client, visitor = provider.client(), provider.visitor()
    file = provider.var / "idp.db"
    refresh_token = client.tokens(visitor).refresh_token
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        for _ in range(5):
            other.execute("BEGIN IMMEDIATE")
            release = threading.Timer(0.05, other.execute, ("ROLLBACK",))
            release.start()
            response = client.refresh(refresh_token)
            release.join()
            assert response.status_code == 200, response.text
            refresh_token = response.json()["refresh_token"]
