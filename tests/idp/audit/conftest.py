"""An audit on each database, its processes, and somebody who writes in the database besides them."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from idp.audit import Auditor, Event
from idp.audit_chain import Sealer
from idp.audit_verify import Head, Report, verify
from idp.stores.opening import open_stores
from idp.stores.protocols import Stores
from web.clock import SettableClock
from web.database_address import SQLITE

NOW = 1_800_000_000.0
KEY = b"k" * 32


class Copy:
    """One process: what it appends, and its sealer, which works when it is told to."""

    def __init__(self, stores: Stores, clock: SettableClock) -> None:
        self.auditor = Auditor(stores, clock)
        self.sealer = Sealer(stores, self.auditor, KEY, clock)

    @property
    def chain(self) -> str:
        """The name of its chain."""
        return self.auditor.chain

    async def append(self, *names: str, event: Event = Event.LOGIN_SUCCEEDED) -> None:
        """Append an event for each name."""
        for name in names:
            await self.auditor.record(event, user_id=name)


@dataclass
class Trail:
    """The audit of a database; `at_rest` is the way of whoever can write it without the provider."""

    stores: Stores
    clock: SettableClock = field(default_factory=lambda: SettableClock(NOW))

    def copy(self) -> Copy:
        """Start a process."""
        return Copy(self.stores, self.clock)

    async def verify(self, *known: Head) -> Report:
        """Look at it all, as the command does."""
        return await verify(self.stores, KEY, self.clock(), known)

    async def findings(self, *known: Head) -> list[str]:
        """Return what is wrong."""
        return (await self.verify(*known)).findings

    async def at_rest(self, statement: str) -> None:
        """Change the database past the provider."""
        database: Any = self.stores.upkeep.database  # type: ignore[attr-defined]
        done = database.execute(statement)
        if inspect.isawaitable(done):
            await done


@pytest.fixture(params=["sqlite", "postgresql"])
async def trail(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Trail]:
    """An empty audit, on both databases."""
    file = f"{SQLITE}{tmp_path / 'idp.db'}"
    url = file if request.param == "sqlite" else request.getfixturevalue("database_url")
    stores = await open_stores(url)
    yield Trail(stores)
    await stores.upkeep.close()


@pytest.fixture
async def five(trail: Trail) -> Trail:
    """Five entries of one process, with ids from 1, under two seals."""
    copy = trail.copy()
    await copy.append("one", "two", "three")
    assert await copy.sealer.seal() == 3
    await copy.append("four", "five")
    assert await copy.sealer.seal() == 2
    assert await trail.findings() == []
    return trail
