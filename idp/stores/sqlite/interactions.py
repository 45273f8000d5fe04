"""Authorization requests that wait for a person, in SQLite."""

from __future__ import annotations

from idp.model import Interaction
from idp.stores.rows import INTERACTION_COLUMNS, interaction_of, interaction_values
from idp.stores.sqlite.database import Database, places

_OPEN = (
    f"INSERT INTO interactions ({', '.join(INTERACTION_COLUMNS)}) SELECT {places(INTERACTION_COLUMNS)} "
    "WHERE (SELECT count(*) FROM interactions WHERE network = ? AND expires_at > ? AND completed_at IS NULL) < ?"
)


class SqliteInteractions:
    """Authorization requests that wait for a person."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, interaction: Interaction, most: int) -> bool:
        """Keep a new one, unless `most` of the same network wait already; atomic. False if they do."""
        values = interaction_values(interaction)
        cursor = self._database.execute(_OPEN, (*values, interaction.network, interaction.created_at, most))
        return cursor.rowcount == 1

    async def get(self, interaction_id: str) -> Interaction | None:
        """Return it, also when it has expired or is completed."""
        row = self._database.one("SELECT * FROM interactions WHERE interaction_id = ?", (interaction_id,))
        return interaction_of(row) if row else None

    async def authenticated(self, interaction_id: str, session_id: str) -> None:
        """Note that the person logged in for it, as that session."""
        self._database.execute(
            "UPDATE interactions SET authenticated = ? WHERE interaction_id = ?",
            (session_id, interaction_id),
        )

    async def reauthenticate(self, interaction_id: str) -> None:
        """Note that even someone who is signed in has to log in for it."""
        self._database.execute("UPDATE interactions SET reauthenticate = 1 WHERE interaction_id = ?", (interaction_id,))

    async def decided(self, interaction_id: str, decision: str, session_id: str) -> None:
        """Note what the person of that session decided, allow or deny."""
        self._database.execute(
            "UPDATE interactions SET decision = ?, decided_by = ? WHERE interaction_id = ? AND completed_at IS NULL",
            (decision, session_id, interaction_id),
        )

    async def complete(self, interaction_id: str, now: float) -> bool:
        """Mark it completed, atomically; False if it was so already."""
        cursor = self._database.execute(
            "UPDATE interactions SET completed_at = ? WHERE interaction_id = ? AND completed_at IS NULL",
            (now, interaction_id),
        )
        return cursor.rowcount == 1
