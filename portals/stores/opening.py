"""Which database: chosen by the address in the settings, and only that one's driver is imported."""

from __future__ import annotations

from importlib import import_module

from portals.stores.database import Database
from portals.stores.sqlite import SqliteDatabase
from web.database_address import sqlite_file


async def open_database(url: str, client_id: str) -> Database:
    """Open (and make or migrate) the database of a portal. Raises OSError, StoreUnavailable, RuntimeError."""
    file = sqlite_file(url)
    if file is not None:
        return SqliteDatabase(file)
    # psycopg and its pool take 90 ms and 13 MB, which whoever keeps one file need not spend.
    opened: Database = await import_module("portals.stores.postgres").open_database(url, client_id)
    return opened
