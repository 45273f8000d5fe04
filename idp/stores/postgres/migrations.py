"""The provider's tables in PostgreSQL: made, and brought forward from whichever version they have."""

from __future__ import annotations

from pathlib import Path

from web.postgres_migrations import Connection, Migrations

HERE = Path(__file__).parent
FIRST = 4
MIGRATIONS = ("schema.sql", "version_5.sql", "version_6.sql")
"""Applied in order; the first one makes version FIRST, each further one the next."""

_LOCK = 0x6D616E796F75
"""The advisory lock under which a database is migrated: the letters of the project's name."""


def newest() -> int:
    """Return the version that this program works with."""
    return _all().newest


async def migrate(url: str) -> tuple[int, int]:
    """Bring the database to the newest version; see web.postgres_migrations."""
    return await _all().migrate(url)


async def make(connection: Connection, before: int, version: int) -> None:
    """Make the tables of `version` out of those of the version `before`, in the transaction that is open."""
    await _all().make(connection, before, version)


def _all() -> Migrations:
    return Migrations(HERE, MIGRATIONS, FIRST, _LOCK)
