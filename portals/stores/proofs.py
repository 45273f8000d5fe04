"""The DPoP proofs that this portal's API has taken: each is good once (RFC 9449 11.1)."""

from __future__ import annotations

import hashlib
import sqlite3

from web.dpop import Proof

MOST = 20_000
"""Live at once: some 200 calls a second for as long as a proof lives; only holders of good tokens get this far."""


class TooManyProofs(Exception):
    """No room to remember another proof, so none can be taken for a while."""


class Proofs:
    """Remembers proofs until they are over anyway, by a hash: a `jti` is as long as its sender likes."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def seen(self, proof: Proof) -> bool:
        """Tell whether `proof` was taken before; `use` alone decides, this only tells the verdict early."""
        row = self._connection.execute("SELECT 1 FROM proofs WHERE name = ?", (_name(proof),)).fetchone()
        return row is not None

    async def use(self, proof: Proof, now: float) -> bool:
        """Take `proof`; True for the one caller who did it first. Raises TooManyProofs."""
        connection = self._connection
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM proofs WHERE ends_at < ?", (now,))
            if connection.execute("SELECT count(*) FROM proofs").fetchone()[0] >= MOST:
                raise TooManyProofs
            added = connection.execute("INSERT OR IGNORE INTO proofs VALUES (?, ?)", (_name(proof), proof.expires_at))
            return added.rowcount == 1


def _name(proof: Proof) -> bytes:
    return hashlib.sha256(f"{proof.jkt} {proof.jti}".encode()).digest()
