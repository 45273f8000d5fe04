"""What a PostgreSQL database needs besides its contents: what has run out is thrown away, a little at a time."""

from __future__ import annotations

from idp.stores.postgres.database import Database

REFUSALS_KEPT = 100_000
AT_ONCE = 5_000
"""How many rows one statement deletes at most: a long one would keep the database from reusing their room."""

_USED_NOWHERE = " AND ".join(
    f"NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.client_id = registered_clients.client_id)"
    for table in ("grants", "sign_ins", "consents")
)
_SWEEPS = (
    ("interactions", "interaction_id", "expires_at < %(now)s - 600"),
    # One whose person is still at the log-in page is used up only when it is answered.
    (
        "pushed_requests",
        "request_uri_hash",
        "expires_at < %(now)s - 600 AND NOT EXISTS (SELECT 1 FROM interactions WHERE pushed = request_uri_hash)",
    ),
    ("assertions", "client_id, jti", "expires_at < %(now)s - 60"),
    ("revoked_access_tokens", "jti", "expires_at < %(now)s - 60"),
    ("refresh_tokens", "token_hash", "expires_at < %(now)s - 86400"),
    ("grants", "grant_id", "keep_until < %(now)s - 86400"),
    # Registered by anybody, and of no use to anybody for a week.
    ("registered_clients", "client_id", f"NOT vouched AND changed_at < %(now)s - 604800 AND {_USED_NOWHERE}"),
    ("login_failures", "account, address", "last_at < %(now)s - 3600"),
    ("sign_ins", "sid", "ended_at < %(now)s - 604800"),
    ("sessions", "session_id", "ended_at < %(now)s - 604800"),
    ("deliveries", "delivery_id", "state <> 'pending' AND finished_at < %(now)s - 604800"),
    ("audit", "id", "at < %(now)s - 15552000"),
    # A day after the last of what they seal.
    ("audit_seals", "chain, number", "sealed_at < %(now)s - 15638400"),
    # Refusals can be caused by anybody, at any rate: only the latest are kept.
    ("audit", "id", "event LIKE '%%.refused' AND id <= (SELECT max(id) FROM audit) - %(refusals)s"),
)


class PostgresUpkeep:
    """What a database needs besides its contents."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sweep(self, now: float) -> int:
        """Delete what has run out and nothing refers to any more; return how many rows.

        Several processes may sweep at once: each passes over what another one has in hand.
        """
        swept = 0
        for table, key, condition in _SWEEPS:
            statement = (
                f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {condition} "
                f"LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED) AND {condition}"
            )
            deleted = AT_ONCE
            while deleted == AT_ONCE:
                deleted = await self._database.execute(statement, {"now": now, "refusals": REFUSALS_KEPT})
                swept += deleted
        return swept

    async def check(self) -> None:
        """Raise StoreUnavailable if the database does not answer."""
        await self._database.check()

    async def close(self) -> None:
        """Close the connections."""
        await self._database.close()
