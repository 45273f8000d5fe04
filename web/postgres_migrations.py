"""Tables in PostgreSQL: made, and brought forward from whichever version they have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from web.postgres import unavailable

Connection = AsyncConnection[TupleRow]


@dataclass(frozen=True)
class Migrations:
    """The `files` in `folder`, applied in order: the first one makes version `first`, each further one the next.

    `lock` is the advisory lock under which a database is migrated.
    """

    folder: Path
    files: Sequence[str]
    first: int
    lock: int

    @property
    def newest(self) -> int:
        """The version that this program works with."""
        return self.first + len(self.files) - 1

    async def migrate(self, url: str, schema: str | None = None) -> tuple[int, int]:
        """Bring the database to the newest version; return the version it had and the one it has.

        The tables are in `schema`, made if it is not there, or where the database's own settings say. Of several
        programs that start at once, one does it and the others wait. One that is up to date is only read, so that the
        service needs no right to change tables. Raises StoreUnavailable, and RuntimeError with a sentence.
        """
        try:
            async with await AsyncConnection.connect(url, autocommit=True, connect_timeout=5) as connection:
                if schema is not None:
                    await connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(schema)))
                before = await version_of(connection)
                if before > self.newest:
                    raise RuntimeError("This database was made by a newer Manyou; use that version.")
                if before == self.newest:
                    return before, before
                async with connection.transaction():
                    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (self.lock,))
                    await _make_schema(connection, schema)
                    # Another one may have done it meanwhile.
                    before = await version_of(connection)
                    await self.make(connection, before, self.newest)
                    return before, self.newest
        except psycopg.OperationalError as error:
            raise unavailable(error) from error

    async def make(self, connection: Connection, before: int, version: int) -> None:
        """Make the tables of `version` out of those of the version `before`, in the transaction that is open."""
        if not before:
            await connection.execute(
                "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, since TIMESTAMPTZ NOT NULL DEFAULT now())"
            )
        for number, name in enumerate(self.files, self.first):
            if before < number <= version:
                # Without values a text may hold several statements, all in the transaction that is open.
                await connection.execute((self.folder / name).read_bytes())
                await connection.execute("INSERT INTO schema_version (version) VALUES (%s)", (number,))


async def _make_schema(connection: Connection, schema: str | None) -> None:
    # Looked for first: IF NOT EXISTS asks for the right to make one even where it is there.
    there = await connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", (schema,))
    if schema is not None and (await there.fetchall()) == [(0,)]:
        await connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))


async def version_of(connection: Connection) -> int:
    """Return the version of the database's tables; 0 if there are none."""
    # Not to_regclass: in an open transaction it may remember that there was none before another program made one.
    cursor = await connection.execute(
        "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_version'"
    )
    [(there,)] = await cursor.fetchall()
    if not there:
        return 0
    [(version,)] = await (await connection.execute("SELECT coalesce(max(version), 0) FROM schema_version")).fetchall()
    return int(version)
