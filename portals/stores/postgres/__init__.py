"""The tables of one portal in a PostgreSQL database, in a schema of its own, shared by its processes on any machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path

from portals.stores.database import Result, Row, Transaction, Values
from web import postgres
from web.dpop import LEEWAY
from web.postgres_migrations import Migrations

MIGRATIONS = Migrations(Path(__file__).parent, ("schema.sql",), first=2, lock=0x706F7274616C)
"""The lock's number is the letters of "portal"."""


def schema_of(client_id: str) -> str:
    """Return the schema of a portal's tables: all portals of a region may be given one address, and share nothing."""
    return f"portal_{client_id}"


class PostgresDatabase:
    """A pool of connections to one portal's tables."""

    doubt_seconds = LEEWAY

    def __init__(self, database: postgres.Database, schema: str) -> None:
        self._database = database
        self._schema = schema
        self.execute = database.execute
        self.check = database.check
        self.close = database.close

    async def one(self, sql: str, values: Values = ()) -> Row | None:
        """Run one statement and return its first row, or None."""
        return await self._database.one(sql, values)

    async def atomically(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Do `work` in one transaction, each statement of which sees what was committed before it began."""
        return await self._database.atomically(lambda transaction: work(_Transaction(transaction, self._schema)))


class _Transaction:
    def __init__(self, transaction: postgres.Transaction, schema: str) -> None:
        self._schema = schema
        self.execute = transaction.execute
        self.one = transaction.one

    async def alone(self, what: str, *, among_equals: bool = False) -> None:
        shared = "_shared" if among_equals else ""
        # The schema is in it, so that portals of one database do not wait for each other.
        number = int.from_bytes(sha256(f"{self._schema} {what}".encode()).digest()[:8], "big", signed=True)
        await self.execute(f"SELECT pg_advisory_xact_lock{shared}(%s)", (number,))


async def open_database(url: str, client_id: str) -> PostgresDatabase:
    """Open (and make or migrate) the tables of a portal. Raises StoreUnavailable, and RuntimeError with a sentence."""
    schema = schema_of(client_id)
    await MIGRATIONS.migrate(url, schema)
    database = postgres.Database(url, schema)
    await database.open()
    return PostgresDatabase(database, schema)
