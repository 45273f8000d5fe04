"""A SQLite file as a whole; a backup of it is a SQLite file too."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from idp.stores.care import FAULTS, TABLES, BadBackup, Condition
from idp.stores.sqlite.database import MIGRATIONS, Database
from web.unavailable import StoreUnavailable


class SqliteCare:
    """One SQLite file as a whole."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def migrate(self) -> tuple[int, int]:
        """Make the tables or bring them forward; return the version before and after."""
        before = 0
        if self._file.exists():
            with _reading(self._file) as connection:
                before = _version(connection)
        await Database(self._file).close()
        return before, len(MIGRATIONS)

    async def check(self) -> Condition:
        """Look at everything and change nothing."""
        with _reading(self._file) as connection:
            version = _version(connection)
            faults = [text for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok"]
            if version != len(MIGRATIONS):
                return Condition(version, len(MIGRATIONS), {}, [*faults, "the tables are of another version"])
            for what, statement in FAULTS.items():
                (number,) = connection.execute(statement).fetchone()
                if number:
                    faults.append(f"{number} {what}")
            return Condition(version, len(MIGRATIONS), _rows(connection), faults)

    async def backup(self, file: Path) -> Mapping[str, int]:
        """Copy everything, as it was at one moment, to a file that is not there yet; return the rows by table."""
        with _reading(self._file) as connection, new_file(file):
            target = sqlite3.connect(file)
            try:
                connection.backup(target)
                # All of it in this one file.
                target.execute("PRAGMA journal_mode=DELETE")
                return _rows(target)
            finally:
                target.close()

    async def restore(self, file: Path) -> Mapping[str, int]:
        """Put a backup in the place of everything, as a whole or not at all, and bring it forward; return the rows."""
        try:
            with _reading(file) as source:
                if not 0 < _version(source) <= len(MIGRATIONS):
                    raise BadBackup(f"{file} is no backup that this version can read.")
                if source.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                    raise BadBackup(f"{file} is damaged.")
                database = Database(self._file)
                database.put(source)
                await database.close()
        except StoreUnavailable as error:
            raise BadBackup(f"{file} cannot be read, or what is there cannot be replaced: {error}") from error
        await self.migrate()
        with _reading(self._file) as connection:
            return _rows(connection)


@contextmanager
def new_file(file: Path) -> Iterator[None]:
    """Make a file that only its owner reads; what fails leaves none behind. Raises FileExistsError."""
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield
    except BaseException:
        file.unlink()
        raise


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    try:
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{file}: {error}") from error
    try:
        yield connection
    except sqlite3.DatabaseError as error:
        raise StoreUnavailable(f"{file}: {error}") from error
    finally:
        connection.close()


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _rows(connection: sqlite3.Connection) -> dict[str, int]:
    return {table: int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in TABLES}
