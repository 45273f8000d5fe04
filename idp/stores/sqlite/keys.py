"""Signing keys and secrets in SQLite; what comes here is encrypted already."""

from __future__ import annotations

from collections.abc import Sequence

from idp.stores.protocols import StoredKey
from idp.stores.rows import KEY_COLUMNS, key_of, key_values
from idp.stores.sqlite.database import Database, insert

_INSERT = insert("signing_keys", KEY_COLUMNS) + " ON CONFLICT DO NOTHING"


class SqliteKeys:
    """Signing keys and other secrets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[StoredKey]:
        """Return all signing keys, oldest first."""
        return [key_of(row) for row in self._database.many("SELECT * FROM signing_keys ORDER BY created_at, kid")]

    async def add(self, keys: Sequence[StoredKey]) -> None:
        """Keep new keys; where a next or current one of the same alg is there already, it stays."""
        with self._database.transaction():
            for key in keys:
                self._database.execute(_INSERT, key_values(key))

    async def rotate(self, alg: str, successor: StoredKey, now: float) -> None:
        """Retire the current key of `alg`, make the next one current and keep its successor; one transaction."""
        with self._database.transaction():
            self._database.execute(
                "UPDATE signing_keys SET state = 'retired', retired_at = ? WHERE alg = ? AND state = 'current'",
                (now, alg),
            )
            self._database.execute(
                "UPDATE signing_keys SET state = 'current', activated_at = ? WHERE alg = ? AND state = 'next'",
                (now, alg),
            )
            self._database.execute(_INSERT, key_values(successor))

    async def remove(self, kid: str) -> None:
        """Throw a retired key away."""
        self._database.execute("DELETE FROM signing_keys WHERE kid = ? AND state = 'retired'", (kid,))

    async def revoke(self, kid: str, successor: StoredKey, now: float) -> bool:
        """Throw a key away whatever its state; False if it is not there. One transaction.

        Where it was current the next one of its alg becomes so; unless it was retired `successor` is kept as next.
        """
        with self._database.transaction():
            row = self._database.one("DELETE FROM signing_keys WHERE kid = ? RETURNING alg, state", (kid,))
            if row is not None and row["state"] == "current":
                self._database.execute(
                    "UPDATE signing_keys SET state = 'current', activated_at = ? WHERE alg = ? AND state = 'next'",
                    (now, row["alg"]),
                )
            if row is not None and row["state"] != "retired":
                self._database.execute(_INSERT, key_values(successor))
            return row is not None

    async def secret(self, name: str) -> bytes | None:
        """Return a secret, encrypted as it was kept."""
        row = self._database.one("SELECT value FROM secrets WHERE name = ?", (name,))
        return bytes(row["value"]) if row else None

    async def keep_secret(self, name: str, value: bytes) -> bytes:
        """Keep `value` unless there is one already; return the one that is kept; atomic."""
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", (name, value)
            )
            row = self._database.one("SELECT value FROM secrets WHERE name = ?", (name,))
            assert row is not None
            return bytes(row["value"])
