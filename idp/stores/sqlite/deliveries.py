"""The durable queue of logout tokens, in SQLite. Rows are added by sign_ins.py, in the transaction of the log-out."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from idp.model import Delivery
from idp.stores.protocols import Backlog
from idp.stores.rows import DELIVERY_COLUMNS, delivery_of
from idp.stores.sqlite.database import Database

_COLUMNS = ", ".join(DELIVERY_COLUMNS)
# Through the person, whose deliveries of a week are few.
_OF_SESSION = (
    f"SELECT {', '.join(f'd.{name}' for name in DELIVERY_COLUMNS)} "
    "FROM sessions s JOIN deliveries d USING (user_id) JOIN sign_ins i USING (sid) "
    "WHERE s.session_id = ? AND i.session_id = ? ORDER BY delivery_id DESC"
)


class SqliteDeliveries:
    """The durable queue of logout tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(
        self, now: float, lease: float, each: int, *, only: str | None = None, but: Collection[str] = ()
    ) -> Sequence[Delivery]:
        """Take at most `each` due deliveries of each client for `lease` seconds, the least tried first.

        `only` names the one client to look at, `but` those to pass over. Atomic: two processes never take the same.
        """
        due = "SELECT 1 FROM deliveries WHERE state = 'pending' AND next_at <= ? LIMIT 1"
        if self._database.one(due, (now,)) is None:
            return []
        rows = self._database.many(
            "UPDATE deliveries SET next_at = :until, attempts = attempts + 1 WHERE delivery_id IN ("
            "SELECT delivery_id FROM (SELECT delivery_id, row_number() OVER "
            "(PARTITION BY client_id ORDER BY attempts, next_at) AS place FROM deliveries "
            "WHERE state = 'pending' AND next_at <= :now AND (:only IS NULL OR client_id = :only) "
            "AND client_id NOT IN (SELECT value FROM json_each(:but))) WHERE place <= :each"
            f") RETURNING {_COLUMNS}",
            {"until": now + lease, "now": now, "only": only, "but": json.dumps(list(but)), "each": each},
        )
        return [delivery_of(row) for row in rows]

    async def done(self, delivery_id: int, now: float, outcome: str) -> None:
        """Note that the client answered well."""
        self._finish(delivery_id, "delivered", now, outcome)

    async def retry(self, delivery_id: int, next_at: float, outcome: str) -> None:
        """Note a failure, and when to try again."""
        self._database.execute(
            # One that was taken back while it was under way stays so.
            "UPDATE deliveries SET next_at = ?, outcome = ? WHERE delivery_id = ? AND state = 'pending'",
            (next_at, outcome, delivery_id),
        )

    async def give_up(self, delivery_id: int, now: float, outcome: str) -> None:
        """Note that it will not be tried again."""
        self._finish(delivery_id, "given_up", now, outcome)

    def _finish(self, delivery_id: int, state: str, now: float, outcome: str) -> None:
        self._database.execute(
            "UPDATE deliveries SET state = ?, finished_at = ?, outcome = ? WHERE delivery_id = ?",
            (state, now, outcome, delivery_id),
        )

    async def of_session(self, session_id: str) -> Sequence[Delivery]:
        """Return the deliveries of a session's sign-ins, newest first."""
        rows = self._database.many(_OF_SESSION, (session_id, session_id))
        return [delivery_of(row) for row in rows]

    async def of_person(self, user_id: str, most: int) -> Sequence[Delivery]:
        """Return the person's latest deliveries, newest first."""
        rows = self._database.many(
            f"SELECT {_COLUMNS} FROM deliveries WHERE user_id = ? ORDER BY delivery_id DESC LIMIT ?", (user_id, most)
        )
        return [delivery_of(row) for row in rows]

    async def backlog(self) -> Backlog:
        """Return what waits in all."""
        row = self._database.one("SELECT count(*) AS n, min(created_at) AS at FROM deliveries WHERE state = 'pending'")
        assert row is not None
        return Backlog(row["n"], row["at"])
