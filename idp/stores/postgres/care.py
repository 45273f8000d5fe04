"""A PostgreSQL database as a whole; a backup of it is a ZIP of what COPY says of each table, and `manifest.json`."""

from __future__ import annotations

import json
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from psycopg import AsyncConnection

from idp.stores.care import FAULTS, TABLES, BadBackup, Condition
from idp.stores.postgres.migrations import FIRST, make, migrate, newest
from idp.stores.sqlite.care import new_file
from web.postgres import unavailable
from web.postgres_migrations import Connection, version_of

FORMAT = "manyou-postgres-1"
MANIFEST = "manifest.json"
BLOCK = 1 << 20

_COLUMNS = (
    "SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema() "
    "AND table_name = %s ORDER BY ordinal_position"
)
_IDENTITIES = {"deliveries": "delivery_id", "audit": "id"}


class PostgresCare:
    """One PostgreSQL database as a whole."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def migrate(self) -> tuple[int, int]:
        """Make the tables or bring them forward; return the version before and after."""
        return await migrate(self._url)

    async def check(self) -> Condition:
        """Look at everything and change nothing."""
        async with self._moment() as connection:
            version, faults = await version_of(connection), []
            if version != newest():
                return Condition(version, newest(), {}, ["the tables are of another version"])
            broken = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
            for (index,) in await (await connection.execute(broken)).fetchall():
                faults.append(f"the index {index} is not valid")
            for what, statement in FAULTS.items():
                if number := await _number(connection, statement):
                    faults.append(f"{number} {what}")
            return Condition(version, newest(), await _rows(connection), faults)

    async def backup(self, file: Path) -> Mapping[str, int]:
        """Copy everything, as it was at one moment, to a file that is not there yet; return the rows by table."""
        with new_file(file), zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            async with self._moment() as connection:
                tables, rows = {}, await _rows(connection)
                for table in TABLES:
                    names = [name for (name,) in await (await connection.execute(_COLUMNS, (table,))).fetchall()]
                    tables[table] = {"columns": names, "rows": rows[table]}
                    statement = f"COPY {table} ({', '.join(names)}) TO STDOUT"
                    with archive.open(f"{table}.copy", "w", force_zip64=True) as out:
                        async with connection.cursor().copy(statement.encode()) as copy:
                            async for block in copy:
                                out.write(block)
                manifest = {"format": FORMAT, "version": await version_of(connection), "tables": tables}
                archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
        return rows

    async def restore(self, file: Path) -> Mapping[str, int]:
        """Put a backup in the place of everything, as a whole or not at all, and bring it forward; return the rows."""
        try:
            with zipfile.ZipFile(file) as archive:
                version, tables = _manifest(file, archive)
                async with self._connection() as connection, connection.transaction():
                    await connection.execute(f"DROP TABLE IF EXISTS schema_version, {', '.join(TABLES)}".encode())
                    await make(connection, 0, version)
                    for table, columns in tables.items():
                        await _put(connection, archive, table, columns)
                    await make(connection, version, newest())
                    return await _rows(connection)
        except (
            zipfile.BadZipFile,
            KeyError,
            TypeError,
            ValueError,
            psycopg.DataError,
            psycopg.ProgrammingError,
        ) as error:
            raise BadBackup(f"{file} is no backup of a PostgreSQL database, or damaged: {error}") from error

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        try:
            async with await AsyncConnection.connect(self._url, autocommit=True) as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise unavailable(error) from error

    @asynccontextmanager
    async def _moment(self) -> AsyncIterator[Connection]:
        """Let everything that is read be of one moment."""
        async with self._connection() as connection, connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection


def _manifest(file: Path, archive: zipfile.ZipFile) -> tuple[int, dict[str, list[str]]]:
    kept = json.loads(archive.read(MANIFEST))
    if kept["format"] != FORMAT or not FIRST <= kept["version"] <= newest():
        raise BadBackup(f"{file} is no backup that this version can read.")
    tables = {table: list(kept["tables"][table]["columns"]) for table in TABLES if table in kept["tables"]}
    if not all(name.isidentifier() for columns in tables.values() for name in columns):
        raise BadBackup(f"{file} names columns that there cannot be.")
    return kept["version"], tables


async def _put(connection: Connection, archive: zipfile.ZipFile, table: str, columns: list[str]) -> None:
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with archive.open(f"{table}.copy") as source:
        async with connection.cursor().copy(statement.encode()) as copy:
            while block := source.read(BLOCK):
                await copy.write(block)
    if identity := _IDENTITIES.get(table):
        await connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', '{identity}'), max({identity})) FROM {table}".encode()
        )


async def _rows(connection: Connection) -> dict[str, int]:
    return {table: await _number(connection, f"SELECT count(*) FROM {table}") for table in TABLES}


async def _number(connection: Connection, statement: str) -> int:
    [(number,)] = await (await connection.execute(statement.encode())).fetchall()
    return int(number)
