"""Each client's part of a session, in SQLite; ending one queues its logout token in the same transaction."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from idp.model import SignIn
from idp.stores.protocols import LOOK_AGAIN_SECONDS
from idp.stores.rows import NEW_DELIVERY_COLUMNS, SIGN_IN_COLUMNS, new_delivery_values, sign_in_of, sign_in_values
from idp.stores.sqlite.database import Database, give_way, insert, places

_ENTER = (
    f"INSERT INTO sign_ins ({', '.join(SIGN_IN_COLUMNS)}) SELECT {places(SIGN_IN_COLUMNS)} "
    "WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE session_id = ? AND ended_at IS NOT NULL) "
    "ON CONFLICT (session_id, client_id) WHERE ended_at IS NULL DO UPDATE SET last_at = excluded.last_at "
    "RETURNING *"
)
# Those that were used meanwhile are looked at again when they would run out if they were not used any more; those that
# have run out, for the case that whoever asks does not come to end them.
_LOOK_AT = (
    "UPDATE sessions SET look_at = CASE WHEN min(expires_at, seen_at + :idle) > :now "
    f"THEN min(expires_at, seen_at + :idle) ELSE :now + {LOOK_AGAIN_SECONDS} END "
    "WHERE session_id IN (SELECT session_id FROM sessions "
    "WHERE ended_at IS NULL AND look_at <= :now ORDER BY look_at LIMIT 50) "
    "RETURNING session_id, user_id, min(expires_at, seen_at + :idle) <= :now AS run_out"
)
_QUEUE = insert("deliveries", NEW_DELIVERY_COLUMNS)


class SqliteSignIns:
    """Each client's part of a session, by `sid`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def enter(self, sign_in: SignIn) -> SignIn | None:
        """Return the session's live sign-in at that client, made from `sign_in` if there is none; atomic."""
        row = self._database.one(_ENTER, (*sign_in_values(sign_in), sign_in.session_id))
        return sign_in_of(row) if row else None

    async def get(self, sid: str) -> SignIn | None:
        """Return the sign-in, ended or not."""
        row = self._database.one("SELECT * FROM sign_ins WHERE sid = ?", (sid,))
        return sign_in_of(row) if row else None

    async def of_session(self, session_id: str) -> Sequence[SignIn]:
        """Return the session's live sign-ins, oldest first."""
        rows = self._database.many(
            "SELECT * FROM sign_ins WHERE session_id = ? AND ended_at IS NULL ORDER BY started_at", (session_id,)
        )
        return [sign_in_of(row) for row in rows]

    async def live_of_person(self, user_id: str, client_id: str | None = None) -> Sequence[SignIn]:
        """Return the person's live sign-ins, at one client or at all."""
        rows = self._database.many(
            "SELECT * FROM sign_ins WHERE user_id = ? AND ended_at IS NULL AND (? IS NULL OR client_id = ?)",
            (user_id, client_id, client_id),
        )
        return [sign_in_of(row) for row in rows]

    async def end_session(
        self, session_id: str, reason: str, now: float, uris: Mapping[str, str]
    ) -> Sequence[SignIn] | None:
        """End the session and its sign-ins and queue a logout token for each client in `uris`; one transaction."""
        with self._database.transaction():
            cursor = self._database.execute(
                "UPDATE sessions SET ended_at = ?, end_reason = ? WHERE session_id = ? AND ended_at IS NULL",
                (now, reason, session_id),
            )
            if cursor.rowcount != 1:
                return None
            rows = self._database.many(
                "UPDATE sign_ins SET ended_at = ?, end_reason = ? WHERE session_id = ? AND ended_at IS NULL "
                "RETURNING *",
                (now, reason, session_id),
            )
            return self._ended([sign_in_of(row) for row in rows], reason, now, uris, keep_offline=True)

    async def end(self, sids: Iterable[str], reason: str, now: float, uris: Mapping[str, str]) -> Sequence[SignIn]:
        """End these sign-ins, revoke their grants and queue logout tokens; one transaction. Returns those it ended."""
        ended: list[SignIn] = []
        with self._database.transaction():
            for sid in sids:
                ended += [
                    sign_in_of(row)
                    for row in self._database.many(
                        "UPDATE sign_ins SET ended_at = ?, end_reason = ? WHERE sid = ? AND ended_at IS NULL "
                        "RETURNING *",
                        (now, reason, sid),
                    )
                ]
            return self._ended(ended, reason, now, uris, keep_offline=False)

    def _ended(
        self, ended: list[SignIn], reason: str, now: float, uris: Mapping[str, str], *, keep_offline: bool
    ) -> list[SignIn]:
        # A log-out does not end what was granted for offline access (Back-Channel Logout 2.7); the other reasons do.
        kept = "AND offline = 0" if keep_offline else ""
        for sign_in in ended:
            self._database.execute(
                f"UPDATE grants SET revoked_at = ? WHERE sid = ? AND revoked_at IS NULL {kept}", (now, sign_in.sid)
            )
            if sign_in.client_id in uris:
                uri = uris[sign_in.client_id]
                self._database.execute(_QUEUE, new_delivery_values(sign_in, uri, reason, now))
        return ended

    async def expired_sessions(self, now: float, idle: float) -> Sequence[tuple[str, str]]:
        """Return session_id and user_id of some that have run out, for the caller to end."""
        values = {"now": now, "idle": idle}
        while self._database.one("SELECT 1 FROM sessions WHERE ended_at IS NULL AND look_at <= :now LIMIT 1", values):
            began = time.perf_counter()
            rows = self._database.many(_LOOK_AT, values)
            if run_out := [(row["session_id"], row["user_id"]) for row in rows if row["run_out"]]:
                return run_out
            await give_way(began)
        return []
