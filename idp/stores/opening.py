"""Which database: chosen by the address in the settings, and only that one's driver is imported."""

from __future__ import annotations

from importlib import import_module

from idp.stores.care import Care
from idp.stores.protocols import Stores
from idp.stores.sqlite import open_stores as open_sqlite
from idp.stores.sqlite.care import SqliteCare
from web.database_address import sqlite_file


async def open_stores(url: str, *, patient: bool = False) -> Stores:
    """Open (and make or migrate) the database at `url`. Raises StoreUnavailable, and RuntimeError with a sentence.

    Commands are `patient`: nobody else waits while they wait for another process.
    """
    file = sqlite_file(url)
    if file is not None:
        return open_sqlite(file, patient=patient)
    # psycopg and its pool take 90 ms and 13 MB, which whoever keeps one file need not spend.
    opened: Stores = await import_module("idp.stores.postgres").open_stores(url)
    return opened


def care_of(url: str) -> Care:
    """Return the database at `url` as a whole; nothing is opened yet."""
    file = sqlite_file(url)
    if file is not None:
        return SqliteCare(file)
    care: Care = import_module("idp.stores.postgres.care").PostgresCare(url)
    return care
