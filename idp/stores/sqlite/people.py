"""People in SQLite."""

from __future__ import annotations

import json
import sqlite3

from idp.model import Person
from idp.stores.sqlite.database import Database


class SqlitePeople:
    """The people who can sign in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, person: Person, password_hash: str) -> None:
        """Keep a person; one who is there already stays as they are."""
        names = ("real_name", "home_region", "id_number", "phone", "email", "address")
        claims = {name: getattr(person, name) for name in names if getattr(person, name) is not None}
        if person.standard_claims:
            claims["standard_claims"] = dict(person.standard_claims)
        self._database.execute(
            "INSERT INTO people (user_id, username, password_hash, level, claims, updated_at) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                person.user_id,
                person.username,
                password_hash,
                person.level,
                json.dumps(claims, ensure_ascii=False),
                person.updated_at,
            ),
        )

    async def usernames(self) -> frozenset[str]:
        """Return the names of all who are there."""
        return frozenset(row["username"] for row in self._database.many("SELECT username FROM people"))

    async def by_id(self, user_id: str) -> Person | None:
        """Return the person."""
        row = self._database.one("SELECT * FROM people WHERE user_id = ?", (user_id,))
        return _person(row) if row else None

    async def for_login(self, username: str) -> tuple[Person, str] | None:
        """Return the person and the password's hash."""
        row = self._database.one("SELECT * FROM people WHERE username = ?", (username,))
        return (_person(row), row["password_hash"]) if row else None

    async def set_level(self, user_id: str, level: int, now: float) -> None:
        """Set the level."""
        self._database.execute(
            "UPDATE people SET level = ?, updated_at = ? WHERE user_id = ?", (level, int(now), user_id)
        )

    async def set_frozen(self, user_id: str, frozen: bool, now: float) -> None:
        """Freeze or unfreeze the account."""
        self._database.execute(
            "UPDATE people SET frozen_at = ?, updated_at = ? WHERE user_id = ?",
            (now if frozen else None, int(now), user_id),
        )


def _person(row: sqlite3.Row) -> Person:
    return Person(
        user_id=row["user_id"],
        username=row["username"],
        level=row["level"],
        frozen=row["frozen_at"] is not None,
        updated_at=row["updated_at"],
        **json.loads(row["claims"]),
    )
