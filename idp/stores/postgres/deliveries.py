"""The durable queue of logout tokens, in PostgreSQL. sign_ins.py adds rows, in the transaction of the log-out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from idp.model import Delivery
from idp.stores.protocols import Backlog
from idp.stores.rows import DELIVERY_COLUMNS, delivery_of
from web.postgres import Database

_COLUMNS = ", ".join(DELIVERY_COLUMNS)
# Through the person, whose deliveries of a week are few.
_OF_SESSION = (
    f"SELECT {', '.join(f'd.{name}' for name in DELIVERY_COLUMNS)} "
    "FROM sessions s JOIN deliveries d USING (user_id) JOIN sign_ins i USING (sid) "
    "WHERE s.session_id = %s AND i.session_id = %s ORDER BY delivery_id DESC"
)
# The clients that something waits for are found by one step each through the index, however much waits. Of each, what
# another process has taken at this moment is passed over, and what it took before is not due any more.
_CLAIM = (
    "WITH RECURSIVE waiting (client_id) AS ("
    "(SELECT client_id FROM deliveries WHERE state = 'pending' ORDER BY client_id LIMIT 1) "
    "UNION ALL SELECT (SELECT d.client_id FROM deliveries d WHERE d.state = 'pending' "
    "AND d.client_id > waiting.client_id ORDER BY d.client_id LIMIT 1) FROM waiting WHERE waiting.client_id IS NOT NULL"
    "), taken AS MATERIALIZED ("
    "SELECT due.delivery_id FROM waiting CROSS JOIN LATERAL ("
    "SELECT d.delivery_id FROM deliveries d WHERE d.client_id = waiting.client_id AND d.state = 'pending' "
    "AND d.next_at <= %(now)s ORDER BY d.attempts, d.next_at LIMIT %(each)s FOR UPDATE SKIP LOCKED) AS due "
    "WHERE waiting.client_id IS NOT NULL AND (%(only)s::text IS NULL OR waiting.client_id = %(only)s) "
    "AND waiting.client_id <> ALL (%(but)s::text[])) "
    "UPDATE deliveries SET next_at = %(until)s, attempts = attempts + 1 FROM taken "
    "WHERE deliveries.delivery_id = taken.delivery_id "
    f"RETURNING {', '.join(f'deliveries.{name}' for name in DELIVERY_COLUMNS)}"
)


class PostgresDeliveries:
    """The durable queue of logout tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(
        self, now: float, lease: float, each: int, *, only: str | None = None, but: Collection[str] = ()
    ) -> Sequence[Delivery]:
        """Take at most `each` due deliveries of each client for `lease` seconds, the least tried first.

        `only` names the one client to look at, `but` those to pass over. Atomic: two processes never take the same.
        """
        rows = await self._database.many(
            _CLAIM, {"until": now + lease, "now": now, "only": only, "but": list(but), "each": each}
        )
        return [delivery_of(row) for row in rows]

    async def done(self, delivery_id: int, now: float, outcome: str) -> None:
        """Note that the client answered well."""
        await self._finish(delivery_id, "delivered", now, outcome)

    async def retry(self, delivery_id: int, next_at: float, outcome: str) -> None:
        """Note a failure, and when to try again."""
        await self._database.execute(
            # One that was taken back while it was under way stays so.
            "UPDATE deliveries SET next_at = %s, outcome = %s WHERE delivery_id = %s AND state = 'pending'",
            (next_at, outcome, delivery_id),
        )

    async def give_up(self, delivery_id: int, now: float, outcome: str) -> None:
        """Note that it will not be tried again."""
        await self._finish(delivery_id, "given_up", now, outcome)

    async def _finish(self, delivery_id: int, state: str, now: float, outcome: str) -> None:
        await self._database.execute(
            "UPDATE deliveries SET state = %s, finished_at = %s, outcome = %s WHERE delivery_id = %s",
            (state, now, outcome, delivery_id),
        )

    async def of_session(self, session_id: str) -> Sequence[Delivery]:
        """Return the deliveries of a session's sign-ins, newest first."""
        rows = await self._database.many(_OF_SESSION, (session_id, session_id))
        return [delivery_of(row) for row in rows]

    async def of_person(self, user_id: str, most: int) -> Sequence[Delivery]:
        """Return the person's latest deliveries, newest first."""
        rows = await self._database.many(
            f"SELECT {_COLUMNS} FROM deliveries WHERE user_id = %s ORDER BY delivery_id DESC LIMIT %s", (user_id, most)
        )
        return [delivery_of(row) for row in rows]

    async def backlog(self) -> Backlog:
        """Return what waits in all."""
        row = await self._database.one(
            "SELECT count(*) AS n, min(created_at) AS at FROM deliveries WHERE state = 'pending'"
        )
        assert row is not None
        return Backlog(row["n"], row["at"])
