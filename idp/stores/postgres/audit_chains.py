"""The chains of security events, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from idp.stores.audit_protocols import Chain, Seal
from idp.stores.rows import CHAIN_COLUMNS, SEAL_COLUMNS, chain_of, chain_values, seal_of, seal_values
from web.postgres import Database, insert

_BEGIN = insert("audit_chains", CHAIN_COLUMNS)
_SEAL = f"{insert('audit_seals', SEAL_COLUMNS)} ON CONFLICT DO NOTHING"
_SEALS = f"SELECT {', '.join(SEAL_COLUMNS)} FROM audit_seals WHERE chain = %s"


class PostgresAuditChains:
    """The chains of security events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, chain: Chain) -> None:
        """Keep a new chain."""
        await self._database.execute(_BEGIN, chain_values(chain))

    async def see(self, chain: str, now: float) -> None:
        """Note that the chain's process lives; one that was closed is open again."""
        await self._database.execute(
            "UPDATE audit_chains SET seen_at = %s, closed_at = NULL WHERE chain = %s", (now, chain)
        )

    async def close(self, chain: str, now: float) -> None:
        """Note that no more entries will come."""
        await self._database.execute("UPDATE audit_chains SET closed_at = %s WHERE chain = %s", (now, chain))

    async def all(self, *, only_open: bool = False) -> Sequence[Chain]:
        """Return the chains, oldest first."""
        rows = await self._database.many(
            f"SELECT {', '.join(CHAIN_COLUMNS)} FROM audit_chains WHERE NOT %s OR closed_at IS NULL "
            "ORDER BY begun_at, chain",
            (only_open,),
        )
        return [chain_of(row) for row in rows]

    async def seal(self, seal: Seal) -> bool:
        """Keep a seal, unless its chain has one of that number already; atomic. False if it has."""
        return await self._database.execute(_SEAL, seal_values(seal)) == 1

    async def last_seal(self, chain: str) -> Seal | None:
        """Return the chain's seal of the highest number."""
        row = await self._database.one(f"{_SEALS} ORDER BY number DESC LIMIT 1", (chain,))
        return seal_of(row) if row else None

    async def seals(self, chain: str, after: int, most: int) -> Sequence[Seal]:
        """Return at most `most` seals of the chain with numbers above `after`, in order."""
        rows = await self._database.many(f"{_SEALS} AND number > %s ORDER BY number LIMIT %s", (chain, after, most))
        return [seal_of(row) for row in rows]
