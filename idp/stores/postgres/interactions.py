"""Authorization requests that wait for a person, in PostgreSQL."""

from __future__ import annotations

from zlib import crc32

from idp.model import Interaction
from idp.stores.rows import INTERACTION_COLUMNS, interaction_of, interaction_values
from web.postgres import Database, Transaction, places

_OPEN = (
    f"INSERT INTO interactions ({', '.join(INTERACTION_COLUMNS)}) SELECT {places(INTERACTION_COLUMNS)} "
    "WHERE (SELECT count(*) FROM interactions WHERE network = %s AND expires_at > %s AND completed_at IS NULL) < %s"
)
_LOCK = 0x77616974
"""The first half of the advisory locks under which those of a network are counted: the letters of "wait"."""


class PostgresInteractions:
    """Authorization requests that wait for a person."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, interaction: Interaction, most: int) -> bool:
        """Keep a new one, unless `most` of the same network wait already; atomic. False if they do."""
        values = (*interaction_values(interaction), interaction.network, interaction.created_at, most)

        async def work(transaction: Transaction) -> bool:
            # Those of one network are counted one at a time; in a statement of its own, since the next one then counts
            # what was there when the lock was had.
            lock = crc32(interaction.network.encode(errors="replace")) - (1 << 31)
            await transaction.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_LOCK, lock))
            return await transaction.execute(_OPEN, values) == 1

        return await self._database.atomically(work)

    async def get(self, interaction_id: str) -> Interaction | None:
        """Return it, also when it has expired or is completed."""
        row = await self._database.one("SELECT * FROM interactions WHERE interaction_id = %s", (interaction_id,))
        return interaction_of(row) if row else None

    async def authenticated(self, interaction_id: str, session_id: str) -> None:
        """Note that the person logged in for it, as that session."""
        await self._database.execute(
            "UPDATE interactions SET authenticated = %s WHERE interaction_id = %s", (session_id, interaction_id)
        )

    async def reauthenticate(self, interaction_id: str) -> None:
        """Note that even someone who is signed in has to log in for it."""
        await self._database.execute(
            "UPDATE interactions SET reauthenticate = TRUE WHERE interaction_id = %s", (interaction_id,)
        )

    async def decided(self, interaction_id: str, decision: str, session_id: str) -> None:
        """Note what the person of that session decided, allow or deny."""
        await self._database.execute(
            "UPDATE interactions SET decision = %s, decided_by = %s WHERE interaction_id = %s AND completed_at IS NULL",
            (decision, session_id, interaction_id),
        )

    async def complete(self, interaction_id: str, now: float) -> bool:
        """Mark it completed, atomically; False if it was so already."""
        completed = await self._database.execute(
            "UPDATE interactions SET completed_at = %s WHERE interaction_id = %s AND completed_at IS NULL",
            (now, interaction_id),
        )
        return completed == 1
