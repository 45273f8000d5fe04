"""Each client's part of a session, in PostgreSQL; ending one queues its logout token in the same transaction.

What ends something locks it first and looks only in the next statement, which sees all that was committed until then,
for what belongs to it; what begins something shares that lock. So nothing begins unseen in what has just ended. The
order of locks is: session, sign-ins by `sid`, grants by `grant_id`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from idp.model import SignIn
from idp.stores.postgres.grants import revoke_where
from idp.stores.protocols import LOOK_AGAIN_SECONDS
from idp.stores.rows import NEW_DELIVERY_COLUMNS, SIGN_IN_COLUMNS, new_delivery_values, sign_in_of, sign_in_values
from web.postgres import Database, Transaction, insert, places

_ENTER = (
    "WITH held AS (SELECT ended_at FROM sessions WHERE session_id = %s FOR SHARE) "
    f"INSERT INTO sign_ins ({', '.join(SIGN_IN_COLUMNS)}) SELECT {places(SIGN_IN_COLUMNS)} "
    "WHERE NOT EXISTS (SELECT 1 FROM held WHERE ended_at IS NOT NULL) "
    "ON CONFLICT (session_id, client_id) WHERE ended_at IS NULL DO UPDATE SET last_at = excluded.last_at "
    "RETURNING *"
)
# Those that were used meanwhile are looked at again when they would run out if they were not used any more. What
# another process has in hand is passed over, and what it was given not looked at again before it has had its time.
_LOOK_AT = (
    "UPDATE sessions SET look_at = CASE WHEN least(expires_at, seen_at + %(idle)s) > %(now)s "
    f"THEN least(expires_at, seen_at + %(idle)s) ELSE %(now)s + {LOOK_AGAIN_SECONDS} END "
    "WHERE session_id IN (SELECT session_id "
    "FROM sessions WHERE ended_at IS NULL AND look_at <= %(now)s ORDER BY look_at LIMIT 500 FOR UPDATE SKIP LOCKED) "
    "RETURNING session_id, user_id, least(expires_at, seen_at + %(idle)s) <= %(now)s AS run_out"
)
_QUEUE = insert("deliveries", NEW_DELIVERY_COLUMNS)


def _end_where(condition: str) -> str:
    return (
        "UPDATE sign_ins SET ended_at = %(now)s, end_reason = %(reason)s WHERE sid IN ("
        f"SELECT sid FROM sign_ins WHERE {condition} AND ended_at IS NULL ORDER BY sid FOR UPDATE) RETURNING *"
    )


class PostgresSignIns:
    """Each client's part of a session, by `sid`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def enter(self, sign_in: SignIn) -> SignIn | None:
        """Return the session's live sign-in at that client, made from `sign_in` if there is none; atomic."""
        row = await self._database.one(_ENTER, (sign_in.session_id, *sign_in_values(sign_in)))
        return sign_in_of(row) if row else None

    async def get(self, sid: str) -> SignIn | None:
        """Return the sign-in, ended or not."""
        row = await self._database.one("SELECT * FROM sign_ins WHERE sid = %s", (sid,))
        return sign_in_of(row) if row else None

    async def of_session(self, session_id: str) -> Sequence[SignIn]:
        """Return the session's live sign-ins, oldest first."""
        rows = await self._database.many(
            "SELECT * FROM sign_ins WHERE session_id = %s AND ended_at IS NULL ORDER BY started_at", (session_id,)
        )
        return [sign_in_of(row) for row in rows]

    async def live_of_person(self, user_id: str, client_id: str | None = None) -> Sequence[SignIn]:
        """Return the person's live sign-ins, at one client or at all."""
        rows = await self._database.many(
            "SELECT * FROM sign_ins WHERE user_id = %(user_id)s AND ended_at IS NULL "
            "AND (%(client_id)s::text IS NULL OR client_id = %(client_id)s)",
            {"user_id": user_id, "client_id": client_id},
        )
        return [sign_in_of(row) for row in rows]

    async def end_session(
        self, session_id: str, reason: str, now: float, uris: Mapping[str, str]
    ) -> Sequence[SignIn] | None:
        """End the session and its sign-ins and queue a logout token for each client in `uris`; one transaction."""

        async def work(transaction: Transaction) -> Sequence[SignIn] | None:
            values = {"session_id": session_id, "reason": reason, "now": now}
            ended = await transaction.execute(
                "UPDATE sessions SET ended_at = %(now)s, end_reason = %(reason)s "
                "WHERE session_id = %(session_id)s AND ended_at IS NULL",
                values,
            )
            if not ended:
                return None
            rows = await transaction.many(_end_where("session_id = %(session_id)s"), values)
            return await _ended(transaction, [sign_in_of(row) for row in rows], reason, now, uris, keep_offline=True)

        return await self._database.atomically(work)

    async def end(self, sids: Iterable[str], reason: str, now: float, uris: Mapping[str, str]) -> Sequence[SignIn]:
        """End these sign-ins, revoke their grants and queue logout tokens; one transaction. Returns those it ended."""
        ending = list(sids)

        async def work(transaction: Transaction) -> Sequence[SignIn]:
            values = {"sids": ending, "reason": reason, "now": now}
            rows = await transaction.many(_end_where("sid = ANY (%(sids)s)"), values)
            return await _ended(transaction, [sign_in_of(row) for row in rows], reason, now, uris, keep_offline=False)

        return await self._database.atomically(work)

    async def expired_sessions(self, now: float, idle: float) -> Sequence[tuple[str, str]]:
        """Return session_id and user_id of some that have run out, for the caller to end."""
        while rows := await self._database.many(_LOOK_AT, {"now": now, "idle": idle}):
            if run_out := [(row["session_id"], row["user_id"]) for row in rows if row["run_out"]]:
                return run_out
        return []


async def _ended(
    transaction: Transaction,
    ended: list[SignIn],
    reason: str,
    now: float,
    uris: Mapping[str, str],
    *,
    keep_offline: bool,
) -> list[SignIn]:
    if not ended:
        return ended
    # A log-out does not end what was granted for offline access (Back-Channel Logout 2.7); the other reasons do.
    kept = " AND NOT offline" if keep_offline else ""
    await transaction.execute(
        revoke_where(f"sid = ANY (%(sids)s){kept}"), {"sids": [sign_in.sid for sign_in in ended], "now": now}
    )
    for sign_in in ended:
        if sign_in.client_id in uris:
            await transaction.execute(_QUEUE, new_delivery_values(sign_in, uris[sign_in.client_id], reason, now))
    return ended
