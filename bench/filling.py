"""Writing millions of rows into a provider's store while it is stopped; every index is made anew over them."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from stored_rows import Filling, Row

from idp.keys import KeyRing, Vault
from idp.stores.opening import open_stores, sqlite_file


@dataclass(frozen=True)
class Secrets:
    """What a provider made at its first start that rows depend on."""

    pairwise: bytes
    password_hash: str


def secrets_of(url: str, key_secret: Path, username: str) -> Secrets:
    """Read them; everybody then shares that person's password hash."""

    secret = key_secret.read_text(encoding="ascii").strip()

    async def read() -> Secrets:
        stores = await open_stores(url)
        try:
            keys = KeyRing(stores.keys, Vault(secret), time.time)
            found = await stores.people.for_login(username)
            assert found is not None
            return Secrets(await keys.secret("pairwise"), found[1])
        finally:
            await stores.upkeep.close()

    return asyncio.run(read())


def fill(url: str, filling: Filling) -> int:
    """Write it all; return how many rows the store has then."""
    file = sqlite_file(url)
    return _fill_sqlite(file, filling) if file is not None else _fill_postgres(url, filling)


def count(url: str, table: str) -> int:
    """Return how many rows a table has."""
    file = sqlite_file(url)
    statement = f"SELECT count(*) FROM {table}"
    if file is not None:
        connection = sqlite3.connect(file)
        try:
            return int(connection.execute(statement).fetchone()[0])
        finally:
            connection.close()
    with psycopg.connect(url) as served:
        [(rows,)] = served.execute(statement.encode()).fetchall()
        return int(rows)


def _fill_sqlite(file: Path, filling: Filling) -> int:
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", "cache_size=-400000"):
        connection.execute(f"PRAGMA {pragma}")
    written = 0
    for table, (columns, rows) in filling.tables().items():
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", (table,)
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        connection.execute("BEGIN")
        written += connection.executemany(statement, rows).rowcount
        for _, definition in indexes:
            connection.execute(definition)
        connection.execute("COMMIT")
    connection.close()
    return written


def _fill_postgres(url: str, filling: Filling) -> int:
    written = 0
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '512MB'")
        for table, (columns, rows) in filling.tables().items():
            indexes = connection.execute(
                "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = %s "
                "AND indexname NOT IN (SELECT conname FROM pg_constraint)",
                (table,),
            ).fetchall()
            for name, _ in indexes:
                connection.execute(f"DROP INDEX {name}".encode())
            written += _copy(connection, table, columns, rows)
            for _, definition in indexes:
                connection.execute(definition.encode())
        # As PostgreSQL does by itself after a while.
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
    return written


def _copy(
    connection: psycopg.Connection[tuple[object, ...]], table: str, columns: Iterable[str], rows: Iterable[Row]
) -> int:
    written = 0
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()) as copy,
    ):
        for row in rows:
            copy.write_row(row)
            written += 1
    return written
