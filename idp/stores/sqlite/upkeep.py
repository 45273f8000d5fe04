"""What a SQLite file needs besides its contents: what has run out is thrown away, a little at a time.

Statements are answered inline, so that each one here keeps every request waiting. Each is a transaction of its own that
looks at a few rows and deletes fewer, and after each the sweep rests for longer than it worked.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from idp.model import grant_ids_from
from idp.stores.sqlite.database import Database, give_way

REFUSALS_KEPT = 100_000
LOG_PAGES = 8000
"""Pages in the log (32 MB) from which on a request writes them into the file, if nobody has."""
LOOKED_AT_ONCE = 1000
DELETED_AT_ONCE = 100


@dataclass(frozen=True)
class _Found:
    """What has run out and an index finds."""

    table: str
    key: str
    due: str


@dataclass(frozen=True)
class _Walked:
    """What is found by going through a table in the order of its key, at most `every` so many seconds.

    For tables that roams write: an index would cost each of them more. `upto` bounds the key, and where what is old
    comes first (`in_order`) the first stretch without anything due is the last.
    """

    table: str
    key: str
    due: str
    every: float = 0.0
    begin: tuple[Any, ...] = ("",)
    upto: str = ""
    in_order: bool = False


_SWEEPS: tuple[_Found | _Walked, ...] = (
    _Found("interactions", "interaction_id", "expires_at < :now - 600"),
    # One whose person is still at the log-in page is used up only when it is answered.
    _Walked(
        "pushed_requests",
        "request_uri_hash",
        "expires_at < :now - 600 AND NOT EXISTS (SELECT 1 FROM interactions WHERE pushed = request_uri_hash)",
        every=600,
    ),
    _Walked("assertions", "client_id, jti", "expires_at < :now - 60", every=600, begin=("", "")),
    _Found("revoked_access_tokens", "jti", "expires_at < :now - 60"),
    _Walked("refresh_tokens", "token_hash", "expires_at < :now - 86400", every=3600),
    _Walked("grants", "grant_id", "keep_until < :now - 86400", every=600, upto=" AND grant_id < :old"),
    # Those of before they began with the time.
    _Walked("grants", "grant_id", "keep_until < :now - 86400", every=3600, upto=" AND grant_id > :ahead"),
    # Registered by anybody, and of no use to anybody for a week.
    _Walked(
        "registered_clients",
        "client_id",
        "NOT vouched AND changed_at < :now - 604800 "
        "AND NOT EXISTS (SELECT 1 FROM sign_ins i WHERE i.client_id = registered_clients.client_id) "
        "AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.client_id = registered_clients.client_id AND g.offline = 1) "
        "AND NOT EXISTS (SELECT 1 FROM consents c WHERE c.client_id = registered_clients.client_id)",
    ),
    _Walked("login_failures", "account, address", "last_at < :now - 3600", begin=("", "")),
    _Found("sign_ins", "sid", "ended_at < :now - 604800"),
    _Found("sessions", "session_id", "ended_at < :now - 604800"),
    _Found("deliveries", "delivery_id", "state <> 'pending' AND finished_at < :now - 604800"),
    _Walked("audit", "id", "at < :now - 15552000", begin=(0,), in_order=True),
    # A day after the last of what they seal.
    _Found("audit_seals", "rowid", "sealed_at < :now - 15638400"),
    # Refusals can be caused by anybody, at any rate: only the latest are kept.
    _Found("audit", "id", "event LIKE '%.refused' AND id <= (SELECT max(id) FROM audit) - :refusals"),
)


class SqliteUpkeep:
    """What a file needs besides its contents."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._folding: sqlite3.Connection | None = None
        # Held by the thread that folds: to close a connection under its hands ends the process.
        self._in_use = threading.Lock()
        self._walked_at: dict[_Walked, float] = {}

    async def sweep(self, now: float) -> int:
        """Delete what has run out and nothing refers to any more; return how many rows.

        Requests are answered meanwhile. A table that is gone through is so again only after a while.
        """
        old, ahead = grant_ids_from(now - 86400), grant_ids_from(now + 86400)
        values = {"now": now, "refusals": REFUSALS_KEPT, "old": old, "ahead": ahead}
        swept = 0
        for one in _SWEEPS:
            if isinstance(one, _Found):
                swept += await self._delete(one, one.due, values)
            elif abs(now - self._walked_at.get(one, float("-inf"))) >= one.every:
                swept += await self._walk(one, values)
                self._walked_at[one] = now
        return swept

    async def _walk(self, one: _Walked, values: dict[str, Any]) -> int:
        columns = one.key.split(", ")
        after = dict(zip((f"after_{name}" for name in columns), one.begin, strict=True))
        behind = f"({one.key}) > ({', '.join(f':after_{name}' for name in columns)}){one.upto}"
        within = f"{behind} AND ({one.key}) <= ({', '.join(f':last_{name}' for name in columns)})"
        ends = f"SELECT {one.key} FROM {one.table} WHERE {behind} ORDER BY {one.key} LIMIT 1 OFFSET {LOOKED_AT_ONCE}"
        swept = 0
        while True:
            began = time.perf_counter()
            last = self.database.one(ends, {**values, **after})
            await give_way(began)
            if last is None:
                return swept + await self._delete(one, f"{behind} AND {one.due}", {**values, **after})
            stretch = {f"last_{name}": last[name] for name in columns}
            deleted = await self._delete(one, f"{within} AND {one.due}", {**values, **after, **stretch})
            if one.in_order and not deleted:
                return swept
            swept += deleted
            after = {f"after_{name}": last[name] for name in columns}

    async def _delete(self, one: _Found | _Walked, condition: str, values: dict[str, Any]) -> int:
        statement = (
            f"DELETE FROM {one.table} WHERE ({one.key}) IN "
            f"(SELECT {one.key} FROM {one.table} WHERE {condition} LIMIT {DELETED_AT_ONCE})"
        )
        swept, deleted = 0, DELETED_AT_ONCE
        while deleted == DELETED_AT_ONCE:
            began = time.perf_counter()
            deleted = self.database.execute(statement, values).rowcount
            swept += deleted
            await give_way(began)
        return swept

    async def check(self) -> None:
        """Raise StoreUnavailable if the database does not answer."""
        self.database.many("SELECT 1 FROM secrets LIMIT 1")

    async def fold(self) -> None:
        """Write what the log holds into the file, in a thread: it waits for the disk several times.

        Left alone, SQLite does it in whatever request comes when the log has a thousand pages, several times a second
        where many roam, and all others wait. It still does so should the log outgrow this.
        """
        if self._folding is None:
            self._folding = self.database.another()
            self.database.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        await asyncio.to_thread(self._fold)

    def _fold(self) -> None:
        # Not even the disk being full is told from here: the next request to write meets it, too.
        with self._in_use, suppress(sqlite3.OperationalError):
            if self._folding is not None:
                self._folding.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    async def close(self) -> None:
        """Close the file."""
        # Whoever folds is done in milliseconds; a thread outlives the task that waited for it.
        with self._in_use:
            if self._folding is not None:
                self._folding.close()
            self._folding = None
        await self.database.close()
