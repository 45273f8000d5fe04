"""What the provider has ended by back-channel logout: remembered, so that nothing of it comes back to life."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

REMEMBERED_SECONDS = 7 * 86_400
"""Longer than any session at the provider: an ended `sid` never becomes live again."""


@dataclass(frozen=True)
class Ending:
    """What one logout token ends: the session `sid`, or without it every session of `sub` (Back-Channel Logout 2.6)."""

    jti: str
    sid: str | None
    sub: str | None
    at: float
    jti_ends_at: float


class Endings:
    """Remembers ended sids, subjects whose sessions were all ended, and the logout tokens that were used."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def end(self, ending: Ending) -> int | None:
        """Carry out `ending` and return how many sessions it ended; None, with no effect, when its jti was used."""
        connection = self._connection
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM logout_tokens WHERE ends_at < ?", (ending.at,))
            for table in ("ended_sids", "ended_subjects"):
                connection.execute(f"DELETE FROM {table} WHERE ended_at < ?", (ending.at - REMEMBERED_SECONDS,))
            added = connection.execute(
                "INSERT OR IGNORE INTO logout_tokens VALUES (?, ?)", (ending.jti, ending.jti_ends_at)
            )
            if added.rowcount == 0:
                return None
            if ending.sid is not None:
                connection.execute("INSERT OR IGNORE INTO ended_sids VALUES (?, ?)", (ending.sid, ending.at))
                return connection.execute("DELETE FROM sessions WHERE sid = ?", (ending.sid,)).rowcount
            connection.execute(
                "INSERT OR IGNORE INTO ended_sids SELECT sid, ? FROM sessions WHERE sub = ?", (ending.at, ending.sub)
            )
            connection.execute("INSERT OR REPLACE INTO ended_subjects VALUES (?, ?)", (ending.sub, ending.at))
            return connection.execute("DELETE FROM sessions WHERE sub = ?", (ending.sub,)).rowcount

    def sid_ended(self, sid: str) -> bool:
        """Tell whether `sid` has ended; not async, because the verdict asks in the middle of its checks."""
        return self._connection.execute("SELECT 1 FROM ended_sids WHERE sid = ?", (sid,)).fetchone() is not None

    def jti_seen(self, jti: str) -> bool:
        """Tell whether a logout token of this name was used; `end` alone decides, this only tells the verdict early."""
        return self._connection.execute("SELECT 1 FROM logout_tokens WHERE jti = ?", (jti,)).fetchone() is not None

    async def subject_ended(self, sub: str, issued_at: float) -> bool:
        """Tell whether all of `sub`'s sessions were ended at or after `issued_at`, a token's `iat`."""
        row = self._connection.execute("SELECT ended_at FROM ended_subjects WHERE sub = ?", (sub,)).fetchone()
        return row is not None and issued_at <= row["ended_at"]
