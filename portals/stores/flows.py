"""Sign-ins under way: one row per `state`, so that several tabs can sign in at once."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from portals.stores.database import Database, NowAndThen

FLOW_SECONDS = 900
SWEEP_SECONDS = 10


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

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sweep = NowAndThen(SWEEP_SECONDS)

    async def start(self, flow: Flow) -> None:
        """Remember `flow`, and now and then forget those that have ended."""
        if self._sweep.due(flow.started_at):
            await self._database.execute("DELETE FROM flows WHERE ends_at < %s", (flow.started_at - FLOW_SECONDS,))
        await self._database.execute("INSERT INTO flows VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)", astuple(flow))

    async def find(self, state: str) -> Flow | None:
        """Return the flow of `state`, used or ended ones too, or None."""
        row = await self._database.one("SELECT * FROM flows WHERE state = %s", (state,))
        return Flow(**row) if row else None

    async def use(self, state: str, now: float) -> bool:
        """Mark the flow as used; True for the one caller who did it first and in time (RFC 6749 10.12)."""
        changed = await self._database.execute(
            "UPDATE flows SET used_at = %s WHERE state = %s AND used_at IS NULL AND ends_at > %s", (now, state, now)
        )
        return changed == 1
