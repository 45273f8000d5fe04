"""Sign-ins under way: one row per `state`, so that several tabs can sign in at once."""

from __future__ import annotations

import sqlite3
from dataclasses import astuple, dataclass

FLOW_SECONDS = 900


@dataclass(frozen=True)
class Flow:
    """One authorization request that was sent: `browser` is the hash of the flow cookie, times are epoch seconds."""

    state: str
    browser: str
    nonce: str
    code_verifier: str
    scope: str
    target: str
    item: str | None
    started_at: float
    ends_at: float
    used_at: float | None = None


class Flows:
    """Remembers flows until they end; a used one is kept until then, so that a reload finds its target."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def start(self, flow: Flow) -> None:
        """Remember `flow` and forget those that have ended."""
        self._connection.execute("DELETE FROM flows WHERE ends_at < ?", (flow.started_at - FLOW_SECONDS,))
        self._connection.execute("INSERT INTO flows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", astuple(flow))

    async def find(self, state: str) -> Flow | None:
        """Return the flow of `state`, used or ended ones too, or None."""
        row = self._connection.execute("SELECT * FROM flows WHERE state = ?", (state,)).fetchone()
        return Flow(**dict(row)) if row else None

    async def use(self, state: str, now: float) -> bool:
        """Mark the flow as used; True for the one caller who did it first and in time (RFC 6749 10.12)."""
        cursor = self._connection.execute(
            "UPDATE flows SET used_at = ? WHERE state = ? AND used_at IS NULL AND ends_at > ?", (now, state, now)
        )
        return cursor.rowcount == 1
