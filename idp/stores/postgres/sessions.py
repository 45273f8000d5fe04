"""Single sign-on sessions in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from idp.model import Session, Visit
from idp.stores.rows import SESSION_COLUMNS, session_of, session_values
from idp.stores.visit_rows import VISIT_COLUMNS, visit_of
from web.postgres import Database, Transaction, insert

_START = insert("sessions", SESSION_COLUMNS)
_VISIT = (
    f"SELECT {VISIT_COLUMNS}, coalesce((SELECT json_object_agg(scope, basis) FROM consents "
    "WHERE user_id = s.user_id AND client_id = %(client_id)s AND withdrawn_at IS NULL)::text, '{}') AS given "
    "FROM sessions s JOIN people p USING (user_id) "
    "LEFT JOIN sign_ins i ON i.session_id = s.session_id AND i.client_id = %(client_id)s AND i.ended_at IS NULL "
    "WHERE s.session_id = %(session_id)s AND s.ended_at IS NULL AND s.expires_at > %(now)s"
)


class PostgresSessions:
    """Single sign-on sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self, session: Session) -> None:
        """Keep a new session."""
        await self._database.execute(_START, session_values(session))

    async def succeed(self, old: str, new: str, now: float) -> None:
        """Move what belongs to a session to its successor and end it; one transaction."""

        async def work(transaction: Transaction) -> None:
            # The session first, then what is in it: sign_ins.py says why.
            await transaction.execute(
                "UPDATE sessions SET ended_at = %s, end_reason = 'succeeded', succeeded_by = %s WHERE session_id = %s",
                (now, new, old),
            )
            await transaction.execute(
                "UPDATE sign_ins SET session_id = %s WHERE sid IN (SELECT sid FROM sign_ins "
                "WHERE session_id = %s AND ended_at IS NULL ORDER BY sid FOR UPDATE)",
                (new, old),
            )
            await transaction.execute(
                # Of sign-ins that had ended before, what is left is for offline access, and asks for no session.
                "UPDATE grants SET session_id = %s WHERE grant_id IN (SELECT grant_id FROM grants WHERE sid IN ("
                "SELECT sid FROM sign_ins WHERE session_id = %s AND ended_at IS NULL) ORDER BY grant_id FOR UPDATE)",
                (new, new),
            )

        await self._database.atomically(work)

    async def live_successor(self, session_id: str, now: float) -> Session | None:
        """Return the session itself, or the one that took over from it, if it lives."""
        row = await self._database.one(
            "WITH RECURSIVE line (id) AS (SELECT %s::text UNION SELECT succeeded_by FROM sessions JOIN line "
            "ON session_id = id WHERE succeeded_by IS NOT NULL) SELECT sessions.* FROM sessions JOIN line "
            "ON session_id = id WHERE ended_at IS NULL AND expires_at > %s",
            (session_id, now),
        )
        return session_of(row) if row else None

    async def live(self, session_id: str, now: float) -> Session | None:
        """Return the session unless it has ended or reached its absolute end."""
        row = await self._database.one(
            "SELECT * FROM sessions WHERE session_id = %s AND ended_at IS NULL AND expires_at > %s", (session_id, now)
        )
        return session_of(row) if row else None

    async def visit(self, session_id: str, client_id: str, now: float) -> Visit | None:
        """Return the same session with all that an authorization request of that client is answered from."""
        row = await self._database.one(_VISIT, {"session_id": session_id, "client_id": client_id, "now": now})
        return visit_of(row.values(), client_id) if row else None

    async def touch(self, session_id: str, now: float) -> None:
        """Note that the session was used."""
        await self._database.execute("UPDATE sessions SET seen_at = %s WHERE session_id = %s", (now, session_id))

    async def of_person(self, user_id: str, now: float) -> Sequence[Session]:
        """Return the person's sessions that have not ended."""
        rows = await self._database.many(
            "SELECT * FROM sessions WHERE user_id = %s AND ended_at IS NULL AND expires_at > %s", (user_id, now)
        )
        return [session_of(row) for row in rows]

    async def lower_level(self, user_id: str, level: int) -> None:
        """Lower the level of the person's sessions to `level` where it is higher."""
        await self._database.execute(
            "UPDATE sessions SET level = %(level)s WHERE session_id IN (SELECT session_id FROM sessions "
            "WHERE user_id = %(user_id)s AND ended_at IS NULL AND level > %(level)s ORDER BY session_id FOR UPDATE)",
            {"user_id": user_id, "level": level},
        )
