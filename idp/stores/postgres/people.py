"""People in PostgreSQL."""

from __future__ import annotations

from idp.model import Person
from idp.stores.people_rows import PERSON_COLUMNS, person_of, person_values
from web.postgres import Database, insert

_ADD = insert("people", PERSON_COLUMNS) + " ON CONFLICT DO NOTHING"


class PostgresPeople:
    """The people who can sign in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, person: Person, password_hash: str) -> None:
        """Keep a person; one who is there already stays as they are."""
        await self._database.execute(_ADD, person_values(person, password_hash))

    async def usernames(self) -> frozenset[str]:
        """Return the names of all who are there."""
        return frozenset(row["username"] for row in await self._database.many("SELECT username FROM people"))

    async def by_id(self, user_id: str) -> Person | None:
        """Return the person."""
        row = await self._database.one("SELECT * FROM people WHERE user_id = %s", (user_id,))
        return person_of(row) if row else None

    async def for_login(self, username: str) -> tuple[Person, str] | None:
        """Return the person and the password's hash."""
        row = await self._database.one("SELECT * FROM people WHERE username = %s", (username,))
        return (person_of(row), row["password_hash"]) if row else None

    async def set_level(self, user_id: str, level: int, now: float) -> None:
        """Set the level."""
        await self._database.execute(
            "UPDATE people SET level = %s, updated_at = %s WHERE user_id = %s", (level, int(now), user_id)
        )

    async def set_frozen(self, user_id: str, frozen: bool, now: float) -> None:
        """Freeze or unfreeze the account."""
        await self._database.execute(
            "UPDATE people SET frozen_at = %s, updated_at = %s WHERE user_id = %s",
            (now if frozen else None, int(now), user_id),
        )
