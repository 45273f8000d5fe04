"""One PostgreSQL database: a pool of connections, statements and transactions on them, what to do when it is away.

Imported only where PostgreSQL is chosen: psycopg and its pool take 90 ms and 13 MB.
"""

from __future__ import annotations

import asyncio
import logging
import os
import select
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
import psycopg.sql
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from web.unavailable import StoreUnavailable

log = logging.getLogger("web.postgres")
# It tells of every attempt to connect; that the database is away, and back, is told here once.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)

Connection = AsyncConnection[DictRow]
Values = Mapping[str, Any] | Sequence[Any]
Result = TypeVar("Result")

CONNECTIONS = 10
WAITING = 500
"""How many may wait for a connection; whoever comes then is refused at once."""
WAIT_SECONDS = 2.0
"""How long one waits for a connection."""
AWAY_WAIT_SECONDS = 0.2
"""The same once somebody has waited in vain, until there is a connection again."""
STATEMENT_SECONDS = 5
SILENT_SECONDS = 8.0
"""After so long without an answer the connection is cut: the server may be frozen, or the network gone."""
TRIES = 4
"""How often a statement or transaction is tried that the database broke off for the sake of another one."""

_SETTINGS = (
    "SET default_transaction_isolation = 'read committed'",
    f"SET statement_timeout = '{STATEMENT_SECONDS}s'",
    f"SET idle_in_transaction_session_timeout = '{STATEMENT_SECONDS}s'",
)
# Broken off by the server for the sake of another transaction: nothing of it was done.
_AGAIN = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
# OperationalError is all that is not the statement's own fault; the others are a server that became a read-only copy,
# and a connection that was closed under us.
_AWAY = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction, psycopg.InterfaceError)


class Transaction:
    """A transaction that is open; see Database.atomically."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execute(self, sql: str, values: Values = ()) -> int:
        """Run one statement and return how many rows it changed."""
        return (await self._connection.execute(sql.encode(), values)).rowcount

    async def one(self, sql: str, values: Values = ()) -> DictRow | None:
        """Run one statement and return its first row, or None."""
        return await (await self._connection.execute(sql.encode(), values)).fetchone()

    async def many(self, sql: str, values: Values = ()) -> list[DictRow]:
        """Run one statement and return its rows."""
        return await (await self._connection.execute(sql.encode(), values)).fetchall()


class Database:
    """A pool of connections, used by one event loop; any number of processes may share the database.

    `schema` is where the tables are, if it is another than the database's own settings say.
    """

    def __init__(self, url: str, schema: str | None = None) -> None:
        self._schema = schema
        self._pool = AsyncConnectionPool(
            url,
            connection_class=AsyncConnection[DictRow],
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "connect_timeout": 3,
                # A server whose machine is gone answers nothing, not even that it is gone.
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 2,
                "tcp_user_timeout": 8000,
            },
            min_size=2,
            max_size=CONNECTIONS,
            max_waiting=WAITING,
            timeout=WAIT_SECONDS,
            # Given up soon, since whoever needs one next tries at once, and not after the pause the pool has come to.
            reconnect_timeout=1.0,
            configure=self._configure,
            open=False,
        )
        self._patience = WAIT_SECONDS
        self._busy: dict[Connection, float] = {}
        self._watch: asyncio.Task[None] | None = None
        self._now: Callable[[], float]

    async def open(self) -> None:
        """Connect. Raises StoreUnavailable."""
        self._now = asyncio.get_running_loop().time
        await self._pool.open()
        self._watch = asyncio.create_task(self._cut_silent())
        await self.check()

    async def execute(self, sql: str, values: Values = ()) -> int:
        """Run one statement, a transaction of its own, and return how many rows it changed. Raises StoreUnavailable."""
        cursor = await self._run(sql, values)
        return cursor.rowcount

    async def one(self, sql: str, values: Values = ()) -> DictRow | None:
        """Run one statement and return its first row, or None. Raises StoreUnavailable."""
        cursor = await self._run(sql, values)
        return await cursor.fetchone()

    async def many(self, sql: str, values: Values = ()) -> list[DictRow]:
        """Run one statement and return its rows. Raises StoreUnavailable."""
        cursor = await self._run(sql, values)
        return await cursor.fetchall()

    async def _run(self, sql: str, values: Values) -> psycopg.AsyncCursor[DictRow]:
        statement = sql.encode()

        async def run(connection: Connection) -> psycopg.AsyncCursor[DictRow]:
            try:
                return await connection.execute(statement, values)
            except psycopg.DataError:
                # Nothing was sent: a text of PostgreSQL's cannot hold U+0000, which anybody may put into a path.
                if (without := _without_nul(values)) == values:
                    raise
                return await connection.execute(statement, without)

        return await self._try(run)

    async def atomically(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Do `work` in one transaction and return what it returns; it may be done again from its beginning.

        Each statement sees what was committed before it began (READ COMMITTED). Raises StoreUnavailable.
        """

        async def run(connection: Connection) -> Result:
            async with connection.transaction():
                return await work(Transaction(connection))

        return await self._try(run)

    async def _try(self, run: Callable[[Connection], Awaitable[Result]]) -> Result:
        for left in reversed(range(TRIES)):
            try:
                connection = await self._take()
                self._busy[connection] = self._now()
                try:
                    return await run(connection)
                finally:
                    del self._busy[connection]
                    await self._pool.putconn(connection)
            except _AGAIN as error:
                if not left:
                    raise unavailable(error) from error
            except _AWAY as error:
                raise unavailable(error) from error
        raise AssertionError

    async def _take(self) -> Connection:
        while True:
            try:
                connection = await self._pool.getconn(self._patience)
            except psycopg.OperationalError:
                if self._patience == WAIT_SECONDS:
                    log.error("The database is away.")
                self._patience = AWAY_WAIT_SECONDS
                raise
            if self._patience != WAIT_SECONDS:
                log.warning("The database answers again.")
            self._patience = WAIT_SECONDS
            if not _hung_up(connection):
                return connection
            # Then the pool throws it away and makes another one.
            await connection.close()
            await self._pool.putconn(connection)

    async def _cut_silent(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            for connection, since in self._busy.items():
                if self._now() - since > SILENT_SECONDS:
                    _cut(connection)

    async def check(self) -> None:
        """Raise StoreUnavailable if the database does not answer, or its tables are not there."""
        try:
            await self.one("SELECT 1 FROM secrets LIMIT 1")
        except psycopg.Error as error:
            raise unavailable(error) from error

    async def _configure(self, connection: Connection) -> None:
        for statement in _SETTINGS:
            await connection.execute(statement.encode())
        if self._schema is not None:
            await connection.execute(
                psycopg.sql.SQL("SET search_path = {}").format(psycopg.sql.Identifier(self._schema))
            )

    async def close(self) -> None:
        """Close the connections."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        await self._pool.close()


def _hung_up(connection: Connection) -> bool:
    """Tell whether the server has said something on a connection that nobody used: nearly always that it leaves.

    No statement must find that out, since it may have been carried out before its answer was lost, so that it cannot be
    tried again.
    """
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return bool(poll.poll(0))


def _without_nul(values: Values) -> Values:
    """Return the values with U+FFFD in the place of U+0000, so that what is looked up by it is not found."""

    def clean(value: Any) -> Any:
        return value.replace("\0", "\ufffd") if isinstance(value, str) else value

    if isinstance(values, Mapping):
        return {name: clean(value) for name, value in values.items()}
    return tuple(clean(value) for value in values)


def _cut(connection: Connection) -> None:
    with suppress(OSError, psycopg.OperationalError), socket.socket(fileno=os.dup(connection.pgconn.socket)) as copy:
        copy.shutdown(socket.SHUT_RDWR)


def unavailable(error: psycopg.Error) -> StoreUnavailable:
    """Return what an error of the database is told as; libpq's text has several lines and no password."""
    return StoreUnavailable(f"The database cannot be used: {type(error).__name__}: {' '.join(str(error).split())}")


def insert(table: str, columns: Sequence[str]) -> str:
    """Return the statement that inserts a row of these columns."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places(columns)})"


def places(columns: Sequence[str]) -> str:
    """Return the places for the values of these columns.

    What a SELECT is given as an INSERT's row has no type by itself; times that may be NULL need theirs.
    """
    return ", ".join("%s::double precision" if name.endswith(("_at", "_until")) else "%s" for name in columns)
