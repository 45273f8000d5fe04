"""One SQLite file: opened, migrated, written in transactions.

What is not a statement's fault (the disk is full or fails, another process holds the file for too long) is told as
StoreUnavailable.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from web.unavailable import StoreUnavailable

HERE = Path(__file__).parent
MIGRATIONS = ("schema.sql", "version_2.sql", "version_3.sql", "version_4.sql", "version_5.sql", "version_6.sql")
"""Applied in order; `user_version` counts how many a file has had."""
RESTS = 4.0
"""How many times as long as it worked whatever gives way rests."""

PATIENT_MILLISECONDS = 5000
"""How long a command waits for another process that writes."""
SERVING_MILLISECONDS = 250
"""How long a service waits, during which it serves nobody: a command is done far sooner."""
HURRIED_MILLISECONDS = 0
"""The same once it has waited in vain, until it has written again: all that ask then are told to come back at once."""


class Database:
    """A connection used by one thread; two processes may hold the same file."""

    def __init__(self, path: Path, *, patient: bool = False) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        # check_same_thread: start-up and shutdown of a server under test may run in other threads than requests do.
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._hurried = False
        self._wait(PATIENT_MILLISECONDS)
        self._migrate()
        self._patience = PATIENT_MILLISECONDS if patient else SERVING_MILLISECONDS
        self._wait(self._patience)

    def another(self) -> sqlite3.Connection:
        """Return a second connection to the same file, for a thread; whoever has it closes it."""
        return sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)

    def _wait(self, milliseconds: int) -> None:
        self._connection.execute(f"PRAGMA busy_timeout = {milliseconds}")

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
            cursor = self._connection.execute(sql, values)
        except sqlite3.OperationalError as error:
            raise self._told(error) from error
        if self._hurried:
            self._calm()
        return cursor

    def one(self, sql: str, values: dict[str, Any] | Sequence[Any] = ()) -> sqlite3.Row | None:
        """Return the first row or None, the statement run to its end."""
        try:
            rows = self._connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError as error:
            raise self._told(error) from error
        return rows[0] if rows else None

    def many(self, sql: str, values: dict[str, Any] | Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return all rows."""
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError as error:
            raise self._told(error) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the write lock for a few statements; nothing inside may await."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            if self._hurried:
                self._calm()
            yield
            self._connection.execute("COMMIT")
        except BaseException as error:
            # A full disk may have undone it already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise self._told(error) from error
            raise

    def _told(self, error: sqlite3.OperationalError) -> Exception:
        """Return what is to be raised: the error itself where a statement is wrong."""
        kind = error.sqlite_errorcode & 0xFF
        if kind == sqlite3.SQLITE_ERROR:
            return error
        if kind == sqlite3.SQLITE_BUSY and self._patience == SERVING_MILLISECONDS and not self._hurried:
            self._hurried = True
            self._wait(HURRIED_MILLISECONDS)
        return StoreUnavailable(f"The database file cannot be used: {error}")

    def _calm(self) -> None:
        self._hurried = False
        self._wait(self._patience)

    def put(self, source: sqlite3.Connection) -> None:
        """Put all of another database in the place of what is here, as a whole. Raises StoreUnavailable."""
        try:
            source.backup(self._connection)
        except sqlite3.OperationalError as error:
            raise self._told(error) from error

    async def close(self) -> None:
        """Close the file."""
        self._connection.close()


async def give_way(began: float) -> None:
    """Rest for four times as long as it is since `began`: what nobody waits for has a fifth of the time at most."""
    await asyncio.sleep(RESTS * (time.perf_counter() - began))


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
