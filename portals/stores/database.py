"""What the stores of a portal ask of a database, SQLite or PostgreSQL: statements that both understand, transactions.

SQL is said once, with `%s` for values: the statements of a portal are few and plain, and what the two do not share is
`Transaction.alone`. Every method raises web.unavailable.StoreUnavailable where nothing can be kept or read now.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

Values = Sequence[Any]
Row = Mapping[str, Any]
Result = TypeVar("Result")


class Transaction(Protocol):
    """A transaction that is open; its work awaits nothing but these."""

    async def execute(self, sql: str, values: Values = ()) -> int:
        """Run one statement and return how many rows it changed."""

    async def one(self, sql: str, values: Values = ()) -> Row | None:
        """Run one statement and return its first row, or None."""

    async def alone(self, what: str, *, among_equals: bool = False) -> None:
        """Wait for others that want to be alone with `what`, and hold them off until the transaction ends.

        With `among_equals` others that ask so too are not waited for. What they committed is seen by the next
        statement.
        """


class Database(Protocol):
    """One portal's database; any number of its processes may share it."""

    doubt_seconds: int
    """By how much the clocks of those who share it may differ: 0 where only one machine can."""

    async def execute(self, sql: str, values: Values = ()) -> int:
        """Run one statement, a transaction of its own, and return how many rows it changed."""

    async def one(self, sql: str, values: Values = ()) -> Row | None:
        """Run one statement and return its first row, or None."""

    async def atomically(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Do `work` in one transaction and return what it returns; it may be done again from its beginning."""

    async def check(self) -> None:
        """Raise StoreUnavailable if the database does not answer, or its tables are not there."""

    async def close(self) -> None:
        """Close what is open."""


async def own_secret(database: Database, name: str) -> bytes:
    """Return this portal's 256-bit secret called `name`, made when one of its processes first asks for it."""
    made = secrets.token_bytes(32)
    await database.execute("INSERT INTO secrets VALUES (%s, %s) ON CONFLICT (name) DO NOTHING", (name, made))
    row = await database.one("SELECT value FROM secrets WHERE name = %s", (name,))
    assert row is not None
    return bytes(row["value"])


class NowAndThen:
    """Tells when something is due that each process does at most every so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = float("-inf")

    def due(self, now: float) -> bool:
        """Tell whether it is time, and take it that it is done now."""
        # A clock that was set back must not put it off.
        if abs(now - self._last) < self._seconds:
            return False
        self._last = now
        return True
