"""One SQLite file: opened, migrated, written in transactions, swept.

What is not a statement's fault (the disk is full or fails, another process holds the file for too long) is told as
StoreUnavailable.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from idp.errors import StoreUnavailable

HERE = Path(__file__).parent
MIGRATIONS = ("schema.sql", "version_2.sql", "version_3.sql", "version_4.sql", "version_5.sql")
"""Applied in order; `user_version` counts how many a file has had."""

REFUSALS_KEPT = 100_000

_SWEEPS = (
    "DELETE FROM interactions WHERE expires_at < :now - 600",
    # One whose person is still at the log-in page is used up only when it is answered.
    (
        "DELETE FROM pushed_requests WHERE expires_at < :now - 600 "
        "AND request_uri_hash NOT IN (SELECT pushed FROM interactions WHERE pushed IS NOT NULL)"
    ),
    "DELETE FROM assertions WHERE expires_at < :now - 60",
    "DELETE FROM revoked_access_tokens WHERE expires_at < :now - 60",
    "DELETE FROM refresh_tokens WHERE expires_at < :now - 86400",
    "DELETE FROM grants WHERE keep_until < :now - 86400",
    # Registered by anybody, and of no use to anybody for a week.
    (
        "DELETE FROM registered_clients WHERE NOT vouched AND changed_at < :now - 604800 "
        "AND client_id NOT IN (SELECT client_id FROM grants) AND client_id NOT IN (SELECT client_id FROM sign_ins) "
        "AND client_id NOT IN (SELECT client_id FROM consents)"
    ),
    "DELETE FROM login_failures WHERE last_at < :now - 3600",
    "DELETE FROM sign_ins WHERE ended_at < :now - 604800",
    "DELETE FROM sessions WHERE ended_at < :now - 604800",
    "DELETE FROM deliveries WHERE state <> 'pending' AND finished_at < :now - 604800",
    "DELETE FROM audit WHERE at < :now - 15552000",
    # A day after the last of what they seal.
    "DELETE FROM audit_seals WHERE sealed_at < :now - 15638400",
    # Refusals can be caused by anybody, at any rate: only the latest are kept.
    "DELETE FROM audit WHERE event LIKE '%.refused' AND id <= (SELECT max(id) FROM audit) - :refusals",
)


class Database:
    """A connection used by one thread; two processes may hold the same file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # check_same_thread: start-up and shutdown of a server under test may run in other threads than requests do.
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "foreign_keys=ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._migrate()

    def _migrate(self) -> None:
        with self.transaction():
            version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
            if version > len(MIGRATIONS):
                raise RuntimeError("This database was made by a newer Manyou; use that version or `make reset`.")
            for number, name in enumerate(MIGRATIONS[version:], version + 1):
                for statement in _statements((HERE / name).read_text(encoding="utf-8")):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {number}")

    def execute(self, sql: str, values: dict[str, Any] | Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement; each is a transaction of its own unless one is open."""
        try:
            return self._connection.execute(sql, values)
        except sqlite3.OperationalError as error:
            raise _told(error) from error

    def one(self, sql: str, values: dict[str, Any] | Sequence[Any] = ()) -> sqlite3.Row | None:
        """Return the first row or None, the statement run to its end."""
        try:
            rows = self._connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError as error:
            raise _told(error) from error
        return rows[0] if rows else None

    def many(self, sql: str, values: dict[str, Any] | Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return all rows."""
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError as error:
            raise _told(error) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the write lock for a few statements; nothing inside may await."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except BaseException as error:
            # A full disk may have undone it already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise _told(error) from error
            raise

    async def sweep(self, now: float) -> int:
        """Delete what has run out and nothing refers to any more; return how many rows."""
        with self.transaction():
            return sum(
                self._connection.execute(sql, {"now": now, "refusals": REFUSALS_KEPT}).rowcount for sql in _SWEEPS
            )

    async def check(self) -> None:
        """Raise StoreUnavailable if the database does not answer."""
        self.many("SELECT 1 FROM secrets LIMIT 1")

    def put(self, source: sqlite3.Connection) -> None:
        """Put all of another database in the place of what is here, as a whole. Raises StoreUnavailable."""
        try:
            source.backup(self._connection)
        except sqlite3.OperationalError as error:
            raise _told(error) from error

    async def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _told(error: sqlite3.OperationalError) -> Exception:
    """Return what is to be raised: the error itself where a statement is wrong."""
    if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_ERROR:
        return error
    return StoreUnavailable(f"The database file cannot be used: {error}")


def insert(table: str, columns: Sequence[str]) -> str:
    """Return the statement that inserts a row of these columns."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places(columns)})"


def places(columns: Sequence[str]) -> str:
    """Return the places for the values of these columns."""
    return ", ".join("?" * len(columns))


def _statements(script: str) -> Iterator[str]:
    # executescript() would commit the surrounding transaction, and a migration must happen whole or not at all.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
