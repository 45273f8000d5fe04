"""Single sign-on sessions in SQLite."""

from __future__ import annotations

from collections.abc import Sequence

from idp.model import Session, Visit
from idp.stores.rows import SESSION_COLUMNS, session_of, session_values
from idp.stores.sqlite.database import Database, insert
from idp.stores.visit_rows import VISIT_COLUMNS, visit_of

_START = insert("sessions", SESSION_COLUMNS)
_VISIT = (
    # By the primary key: left alone, SQLite takes the index by client, and then each row as well.
    f"SELECT {VISIT_COLUMNS}, (SELECT json_group_object(scope, basis) FROM consents "
    "INDEXED BY sqlite_autoindex_consents_1 WHERE user_id = s.user_id "
    "AND client_id = :client_id AND withdrawn_at IS NULL) FROM sessions s JOIN people p USING (user_id) "
    "LEFT JOIN sign_ins i ON i.session_id = s.session_id AND i.client_id = :client_id AND i.ended_at IS NULL "
    "WHERE s.session_id = :session_id AND s.ended_at IS NULL AND s.expires_at > :now"
)


class SqliteSessions:
    """Single sign-on sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self, session: Session) -> None:
        """Keep a new session."""
        self._database.execute(_START, session_values(session))

    async def succeed(self, old: str, new: str, now: float) -> None:
        """Move what belongs to a session to its successor and end it; one transaction."""
        with self._database.transaction():
            self._database.execute(
                "UPDATE sign_ins SET session_id = ? WHERE session_id = ? AND ended_at IS NULL", (new, old)
            )
            # Of sign-ins that had ended before, what is left is for offline access, and asks for no session.
            self._database.execute(
                "UPDATE grants SET session_id = ? WHERE sid IN (SELECT sid FROM sign_ins WHERE session_id = ? "
                "AND ended_at IS NULL)",
                (new, new),
            )
            self._database.execute(
                "UPDATE sessions SET ended_at = ?, end_reason = 'succeeded', succeeded_by = ? WHERE session_id = ?",
                (now, new, old),
            )

    async def live_successor(self, session_id: str, now: float) -> Session | None:
        """Return the session itself, or the one that took over from it, if it lives."""
        row = self._database.one(
            "WITH RECURSIVE line (id) AS (SELECT ? UNION SELECT succeeded_by FROM sessions JOIN line "
            "ON session_id = id WHERE succeeded_by IS NOT NULL) SELECT sessions.* FROM sessions JOIN line "
            "ON session_id = id WHERE ended_at IS NULL AND expires_at > ?",
            (session_id, now),
        )
        return session_of(row) if row else None

    async def live(self, session_id: str, now: float) -> Session | None:
        """Return the session unless it has ended or reached its absolute end."""
        row = self._database.one(
            "SELECT * FROM sessions WHERE session_id = ? AND ended_at IS NULL AND expires_at > ?", (session_id, now)
        )
        return session_of(row) if row else None

    async def visit(self, session_id: str, client_id: str, now: float) -> Visit | None:
        """Return the same session with all that an authorization request of that client is answered from."""
        row = self._database.one(_VISIT, {"session_id": session_id, "client_id": client_id, "now": now})
        return visit_of(row, client_id) if row else None

    async def touch(self, session_id: str, now: float) -> None:
        """Note that the session was used."""
        self._database.execute("UPDATE sessions SET seen_at = ? WHERE session_id = ?", (now, session_id))

    async def of_person(self, user_id: str, now: float) -> Sequence[Session]:
        """Return the person's sessions that have not ended."""
        rows = self._database.many(
            "SELECT * FROM sessions WHERE user_id = ? AND ended_at IS NULL AND expires_at > ?", (user_id, now)
        )
        return [session_of(row) for row in rows]

    async def lower_level(self, user_id: str, level: int) -> None:
        """Lower the level of the person's sessions to `level` where it is higher."""
        self._database.execute(
            "UPDATE sessions SET level = ? WHERE user_id = ? AND ended_at IS NULL AND level > ?",
            (level, user_id, level),
        )
