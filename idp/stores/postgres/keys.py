"""Signing keys and secrets in PostgreSQL; what comes here is encrypted already."""

from __future__ import annotations

from collections.abc import Sequence

from idp.stores.protocols import StoredKey
from idp.stores.rows import KEY_COLUMNS, key_of, key_values
from web.postgres import Database, Transaction, insert

# Of the next and the current keys there is one of each algorithm; whoever would add another one adds nothing.
_INSERT = insert("signing_keys", KEY_COLUMNS) + " ON CONFLICT DO NOTHING"


class PostgresKeys:
    """Signing keys and other secrets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[StoredKey]:
        """Return all signing keys, oldest first."""
        rows = await self._database.many('SELECT * FROM signing_keys ORDER BY created_at, kid COLLATE "C"')
        return [key_of(row) for row in rows]

    async def add(self, keys: Sequence[StoredKey]) -> None:
        """Keep new keys; where a next or current one of the same alg is there already, it stays."""
        if not keys:
            return

        async def work(transaction: Transaction) -> None:
            for key in keys:
                await transaction.execute(_INSERT, key_values(key))

        await self._database.atomically(work)

    async def rotate(self, alg: str, successor: StoredKey, now: float) -> None:
        """Retire the current key of `alg`, make the next one current and keep its successor; one transaction."""

        async def work(transaction: Transaction) -> None:
            # Two rotations at once are two rotations: the later one begins with what the earlier one left.
            await transaction.execute("SELECT 1 FROM signing_keys WHERE alg = %s ORDER BY kid FOR UPDATE", (alg,))
            await transaction.execute(
                "UPDATE signing_keys SET state = 'retired', retired_at = %s WHERE alg = %s AND state = 'current'",
                (now, alg),
            )
            await transaction.execute(
                "UPDATE signing_keys SET state = 'current', activated_at = %s WHERE alg = %s AND state = 'next'",
                (now, alg),
            )
            await transaction.execute(_INSERT, key_values(successor))

        await self._database.atomically(work)

    async def remove(self, kid: str) -> None:
        """Throw a retired key away."""
        await self._database.execute("DELETE FROM signing_keys WHERE kid = %s AND state = 'retired'", (kid,))

    async def revoke(self, kid: str, successor: StoredKey, now: float) -> bool:
        """Throw a key away whatever its state; False if it is not there. One transaction.

        Where it was current the next one of its alg becomes so; unless it was retired `successor` is kept as next.
        """

        async def work(transaction: Transaction) -> bool:
            # As rotations, two changes at once are one after the other.
            await transaction.execute(
                "SELECT 1 FROM signing_keys WHERE alg = (SELECT alg FROM signing_keys WHERE kid = %s) "
                "ORDER BY kid FOR UPDATE",
                (kid,),
            )
            gone = await transaction.many("DELETE FROM signing_keys WHERE kid = %s RETURNING alg, state", (kid,))
            if gone and gone[0]["state"] == "current":
                await transaction.execute(
                    "UPDATE signing_keys SET state = 'current', activated_at = %s WHERE alg = %s AND state = 'next'",
                    (now, gone[0]["alg"]),
                )
            if gone and gone[0]["state"] != "retired":
                await transaction.execute(_INSERT, key_values(successor))
            return bool(gone)

        return await self._database.atomically(work)

    async def secret(self, name: str) -> bytes | None:
        """Return a secret, encrypted as it was kept."""
        row = await self._database.one("SELECT value FROM secrets WHERE name = %s", (name,))
        return bytes(row["value"]) if row else None

    async def keep_secret(self, name: str, value: bytes) -> bytes:
        """Keep `value` unless there is one already; return the one that is kept; atomic."""
        row = await self._database.one(
            # An update that changes nothing, since DO NOTHING returns nothing.
            "INSERT INTO secrets (name, value) VALUES (%s, %s) "
            "ON CONFLICT (name) DO UPDATE SET value = secrets.value RETURNING value",
            (name, value),
        )
        assert row is not None
        return bytes(row["value"])
