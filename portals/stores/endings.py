"""What the provider has ended by back-channel logout: remembered, so that nothing of it comes back to life."""

from __future__ import annotations

from dataclasses import dataclass

from portals.stores.database import Database, NowAndThen, Transaction

REMEMBERED_SECONDS = 7 * 86_400
"""Longer than any session at the provider: an ended `sid` never becomes live again."""
SWEEP_SECONDS = 60
ENDINGS = "endings"
"""What an ending is alone with, and sign-ins are among equals: one that is under way is seen by it or sees it."""


@dataclass(frozen=True)
class Ending:
    """What one logout token ends: the session `sid`, or without it every session of `sub` (Back-Channel Logout 2.6)."""

    jti: str
    sid: str | None
    sub: str | None
    at: float
    jti_ends_at: float


@dataclass(frozen=True)
class Known:
    """What is known of a token: whether its session has ended, and whether it, or its proof, came before."""

    sid_ended: bool
    jti_seen: bool
    proof_seen: bool


class Endings:
    """Remembers ended sids, subjects whose sessions were all ended, and the logout tokens that were used."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sweep = NowAndThen(SWEEP_SECONDS)

    async def end(self, ending: Ending) -> int | None:
        """Carry out `ending` and return how many sessions it ended; None, with no effect, when its jti was used."""
        if self._sweep.due(ending.at):
            await self._database.execute("DELETE FROM logout_tokens WHERE ends_at < %s", (ending.at,))
            for table in ("ended_sids", "ended_subjects"):
                statement = f"DELETE FROM {table} WHERE ended_at < %s"
                await self._database.execute(statement, (ending.at - REMEMBERED_SECONDS,))

        async def carry_out(transaction: Transaction) -> int | None:
            await transaction.alone(ENDINGS)
            added = await transaction.execute(
                "INSERT INTO logout_tokens VALUES (%s, %s) ON CONFLICT (jti) DO NOTHING",
                (ending.jti, ending.jti_ends_at),
            )
            if added == 0:
                return None
            if ending.sid is not None:
                await transaction.execute(
                    "INSERT INTO ended_sids VALUES (%s, %s) ON CONFLICT (sid) DO NOTHING", (ending.sid, ending.at)
                )
                return await transaction.execute("DELETE FROM sessions WHERE sid = %s", (ending.sid,))
            await transaction.execute(
                "INSERT INTO ended_sids SELECT DISTINCT sid, CAST(%s AS DOUBLE PRECISION) FROM sessions WHERE sub = %s "
                "ON CONFLICT (sid) DO NOTHING",
                (ending.at, ending.sub),
            )
            await transaction.execute(
                "INSERT INTO ended_subjects VALUES (%s, %s) ON CONFLICT (sub) DO UPDATE SET ended_at = "
                "excluded.ended_at WHERE ended_subjects.ended_at < excluded.ended_at",
                (ending.sub, ending.at),
            )
            return await transaction.execute("DELETE FROM sessions WHERE sub = %s", (ending.sub,))

        return await self._database.atomically(carry_out)

    async def known(self, sid: str | None, jti: str | None, proof: bytes | None) -> Known:
        """Tell what is known of these, for the verdict; what is None is not known."""
        row = await self._database.one(
            "SELECT EXISTS (SELECT 1 FROM ended_sids WHERE sid = %s) AS sid_ended, "
            "EXISTS (SELECT 1 FROM logout_tokens WHERE jti = %s) AS jti_seen, "
            "EXISTS (SELECT 1 FROM proofs WHERE name = %s) AS proof_seen",
            (sid, jti, proof),
        )
        assert row is not None
        return Known(**{name: bool(value) for name, value in row.items()})

    async def subject_ended(self, sub: str, issued_at: float) -> bool:
        """Tell whether all of `sub`'s sessions were ended at or after `issued_at`, a token's `iat`."""
        statement = "SELECT 1 FROM ended_subjects WHERE sub = %s AND ended_at >= %s"
        return await self._database.one(statement, (sub, issued_at)) is not None
