"""The SQLite file of one portal; the processes of one machine may share it (WAL)."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from pathlib import Path

from portals.stores.database import Result, Row, Transaction, Values
from web.unavailable import StoreUnavailable

HERE = Path(__file__).parent
MIGRATIONS = ("schema.sql", "version_2.sql")
"""Applied in order; `user_version` counts how many a file has had."""
SERVING_MILLISECONDS = 1000
"""How long one that serves waits for another that writes, during which it serves nobody: a write takes a thousandth."""
OPENING_SECONDS = 10.0
"""How long others may take to open the same new file."""


class SqliteDatabase:
    """A connection used by one event loop. It answers inline, in some 40 microseconds."""

    doubt_seconds = 0

    def __init__(self, path: Path) -> None:
        """Open the file, made with its folder at first, readable by its owner alone.

        synchronous=NORMAL under WAL: a power cut may lose the last sign-ins, the end of a process nothing.
        Raises OSError, StoreUnavailable, and RuntimeError with a sentence.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        _patiently(self._prepare)

    def _prepare(self) -> None:
        for pragma in (f"busy_timeout={SERVING_MILLISECONDS}", "journal_mode=WAL", "synchronous=NORMAL"):
            self.connection.execute(f"PRAGMA {pragma}")
        if self._version() == len(MIGRATIONS):
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            version = self._version()
            if version > len(MIGRATIONS):
                raise RuntimeError("This portal's database was made by a newer Manyou; use that version.")
            for number, name in enumerate(MIGRATIONS[version:], version + 1):
                for statement in _statements((HERE / name).read_text(encoding="utf-8")):
                    self.connection.execute(statement)
                self.connection.execute(f"PRAGMA user_version = {number}")
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def _version(self) -> int:
        return int(self.connection.execute("PRAGMA user_version").fetchone()[0])

    async def execute(self, sql: str, values: Values = ()) -> int:
        """Run one statement and return how many rows it changed."""
        try:
            return self.connection.execute(_own(sql), values).rowcount
        except sqlite3.OperationalError as error:
            raise _told(error) from error

    async def one(self, sql: str, values: Values = ()) -> Row | None:
        """Run one statement and return its first row, or None."""
        try:
            rows = self.connection.execute(_own(sql), values).fetchall()
        except sqlite3.OperationalError as error:
            raise _told(error) from error
        return dict(rows[0]) if rows else None

    async def alone(self, what: str, *, among_equals: bool = False) -> None:
        """Do nothing: who writes a file is alone with it."""

    async def atomically(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Do `work` while nobody else writes."""
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            # It awaits nothing that would let another request in.
            result = await work(self)
            self.connection.execute("COMMIT")
        except BaseException as error:
            # A full disk may have undone it already.
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise _told(error) from error
            raise
        return result

    async def check(self) -> None:
        """Raise StoreUnavailable if the file cannot be read, or has no tables."""
        try:
            self.connection.execute("SELECT 1 FROM secrets LIMIT 1").fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailable(f"The database file cannot be used: {error}") from error

    async def close(self) -> None:
        """Close the file."""
        self.connection.close()


def _patiently(prepare: Callable[[], None]) -> None:
    """Try until the others have opened the file: the change to WAL is refused at once where somebody reads."""
    until = time.monotonic() + OPENING_SECONDS
    while True:
        try:
            return prepare()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise _told(error) from error
            time.sleep(0.02)


@cache
def _own(sql: str) -> str:
    return sql.replace("%s", "?")


def _told(error: sqlite3.OperationalError) -> Exception:
    """Return what is to be raised: the error itself where a statement is wrong."""
    if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_ERROR:
        return error
    return StoreUnavailable(f"The database file cannot be used: {error}")


def _statements(script: str) -> Iterator[str]:
    # executescript() would commit the surrounding transaction, and a migration must happen whole or not at all.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
