"""What a PostgreSQL database needs besides its contents: what has run out is thrown away, a little at a time.

What comes first of grants and events, by their identifiers, is what is old: they are gone through from there, since an
index by age would cost every roam more.
"""

from __future__ import annotations

from typing import Any

from idp.model import grant_ids_from
from web.postgres import Database

REFUSALS_KEPT = 100_000
AT_ONCE = 5_000
"""How many rows one statement deletes at most: a long one would keep the database from reusing their room."""

_USED_NOWHERE = " AND ".join(
    f"NOT EXISTS (SELECT 1 FROM {table} t WHERE t.client_id = registered_clients.client_id{and_})"
    for table, and_ in (("sign_ins", ""), ("grants", " AND t.offline"), ("consents", ""))
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
    # Registered by anybody, and of no use to anybody for a week.
    ("registered_clients", "client_id", f"NOT vouched AND changed_at < %(now)s - 604800 AND {_USED_NOWHERE}"),
    ("login_failures", "account, address", "last_at < %(now)s - 3600"),
    ("sign_ins", "sid", "ended_at < %(now)s - 604800"),
    ("sessions", "session_id", "ended_at < %(now)s - 604800"),
    ("deliveries", "delivery_id", "state <> 'pending' AND finished_at < %(now)s - 604800"),
    # A day after the last of what they seal.
    ("audit_seals", "chain, number", "sealed_at < %(now)s - 15638400"),
    # Refusals can be caused by anybody, at any rate: only the latest are kept.
    ("audit", "id", "event LIKE '%%.refused' AND id <= (SELECT max(id) FROM audit) - %(refusals)s"),
)
_GRANTS, _AUDIT = ("grants", "grant_id", "keep_until < %(now)s - 86400"), ("audit", "id", "at < %(now)s - 15552000")
GRANTS_EVERY = 600
"""Seconds between two times that the grants are gone through: those for offline access stay there for long."""


class PostgresUpkeep:
    """What a database needs besides its contents."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._grants_at = float("-inf")

    async def sweep(self, now: float) -> int:
        """Delete what has run out and nothing refers to any more; return how many rows.

        Several processes may sweep at once: each passes over what another one has in hand.
        """
        values = {"now": now, "refusals": REFUSALS_KEPT}
        swept = 0
        for table, key, due in _SWEEPS:
            swept += await self._delete(table, key, due, values)
        swept += await self._walk(_AUDIT, "id > %(after)s", 0, values, in_order=True)
        if abs(now - self._grants_at) >= GRANTS_EVERY:
            old, ahead = grant_ids_from(now - 86400), grant_ids_from(now + 86400)
            swept += await self._walk(_GRANTS, "grant_id > %(after)s AND grant_id < %(old)s", "", values | {"old": old})
            # Those of before they began with the time.
            swept += await self._walk(_GRANTS, "grant_id > %(after)s", ahead, values)
            self._grants_at = now
        return swept

    async def _walk(
        self, what: tuple[str, str, str], behind: str, after: Any, values: dict[str, Any], *, in_order: bool = False
    ) -> int:
        table, key, due = what
        ends = f"SELECT {key} AS last FROM {table} WHERE {behind} ORDER BY {key} LIMIT 1 OFFSET {AT_ONCE}"
        swept = 0
        while True:
            row = await self.database.one(ends, {**values, "after": after})
            if row is None:
                return swept + await self._delete(table, key, f"{behind} AND {due}", {**values, "after": after})
            here = {**values, "after": after, "last": row["last"]}
            deleted = await self._delete(table, key, f"{behind} AND {key} <= %(last)s AND {due}", here)
            if in_order and not deleted:
                return swept
            swept += deleted
            after = row["last"]

    async def _delete(self, table: str, key: str, due: str, values: dict[str, Any]) -> int:
        # `due` is not said once more outside: where PostgreSQL expects few such rows, it would go through them there,
        # and look for those to be deleted anew for each.
        statement = (
            f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {due} "
            f"LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED)"
        )
        swept, deleted = 0, AT_ONCE
        while deleted == AT_ONCE:
            deleted = await self.database.execute(statement, values)
            swept += deleted
        return swept

    async def check(self) -> None:
        """Raise StoreUnavailable if the database does not answer."""
        await self.database.check()

    async def fold(self) -> None:
        """Do nothing: PostgreSQL's checkpointer is a process of its own."""

    async def close(self) -> None:
        """Close the connections."""
        await self.database.close()
