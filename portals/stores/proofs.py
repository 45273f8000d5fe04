"""The DPoP proofs that this portal's API has taken: each is good once (RFC 9449 11.1)."""

from __future__ import annotations

import hashlib

from portals.stores.database import Database, NowAndThen
from web.dpop import Proof

MOST = 20_000
"""Live at once: some 200 calls a second for as long as a proof lives; only holders of good tokens get this far.

Each process counts once a second what all have taken, and in between what it has: that many at least, and at most what
the others take in a second beyond it.
"""
COUNT_SECONDS = 1


class TooManyProofs(Exception):
    """No room to remember another proof, so none can be taken for a while."""


class Proofs:
    """Remembers proofs until they are over anyway, by a hash: a `jti` is as long as its sender likes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._count = NowAndThen(COUNT_SECONDS)
        self._room = MOST

    async def use(self, proof: Proof, now: float) -> bool:
        """Take `proof`; True for the one caller who did it first. Raises TooManyProofs."""
        if self._count.due(now):
            await self._database.execute("DELETE FROM proofs WHERE ends_at < %s", (now,))
            row = await self._database.one("SELECT count(*) AS number FROM proofs")
            assert row is not None
            self._room = MOST - row["number"]
        if self._room <= 0:
            raise TooManyProofs
        self._room -= 1
        changed = await self._database.execute(
            "INSERT INTO proofs VALUES (%s, %s) ON CONFLICT (name) DO NOTHING", (name_of(proof), proof.expires_at)
        )
        return changed == 1


def name_of(proof: Proof) -> bytes:
    """Return how a proof is kept."""
    return hashlib.sha256(f"{proof.jkt} {proof.jti}".encode()).digest()
