"""The tables in PostgreSQL: made, and brought forward from whichever version they have."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from idp.stores.postgres.database import unavailable

Connection = AsyncConnection[TupleRow]

HERE = Path(__file__).parent
FIRST = 4
MIGRATIONS = ("schema.sql", "version_5.sql", "version_6.sql")
"""Applied in order; the first one makes version FIRST, each further one the next."""

_LOCK = 0x6D616E796F75
"""The advisory lock under which a database is migrated: the letters of the project's name."""


def newest() -> int:
    """Return the version that this program works with."""
    return FIRST + len(MIGRATIONS) - 1


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


async def migrate(url: str) -> tuple[int, int]:
    """Bring the database to the newest version; return the version it had and the one it has.

    Of several programs that start at once, one does it and the others wait. One that is up to date is only read, so
    that the provider needs no right to change tables. Raises StoreUnavailable, and RuntimeError with a sentence.
    """
    try:
        async with await AsyncConnection.connect(url, autocommit=True, connect_timeout=5) as connection:
            before = await version_of(connection)
            if before > newest():
                raise RuntimeError("This database was made by a newer Manyou; use that version.")
            if before == newest():
                return before, before
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                # Another one may have done it meanwhile.
                before = await version_of(connection)
                await make(connection, before, newest())
                return before, newest()
    except psycopg.OperationalError as error:
        raise unavailable(error) from error


async def make(connection: Connection, before: int, version: int) -> None:
    """Make the tables of `version` out of those of the version `before`, in the transaction that is open."""
    if not before:
        await connection.execute(
            "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, since TIMESTAMPTZ NOT NULL DEFAULT now())"
        )
    for number, name in enumerate(MIGRATIONS, FIRST):
        if before < number <= version:
            # Without values a text may hold several statements, all in the transaction that is open.
            await connection.execute((HERE / name).read_bytes())
            await connection.execute("INSERT INTO schema_version (version) VALUES (%s)", (number,))
