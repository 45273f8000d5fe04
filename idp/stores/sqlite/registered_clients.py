"""Clients that registered themselves, in SQLite."""

from __future__ import annotations

import json

from idp.model import RegisteredClient
from idp.stores.sqlite.database import Database


class SqliteRegisteredClients:
    """Clients that registered themselves (RFC 7591)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, client: RegisteredClient) -> None:
        """Keep a new one."""
        self._database.execute(
            "INSERT INTO registered_clients (client_id, metadata, registration_token_hash, issued_at, changed_at, "
            "secret_hash) VALUES (?, ?, ?, ?, ?, ?)",
            (
                client.client_id,
                json.dumps(dict(client.metadata), ensure_ascii=False),
                client.registration_token_hash,
                client.issued_at,
                client.changed_at,
                client.secret_hash,
            ),
        )

    async def get(self, client_id: str) -> RegisteredClient | None:
        """Return it, or None."""
        row = self._database.one("SELECT * FROM registered_clients WHERE client_id = ?", (client_id,))
        return RegisteredClient(**{**dict(row), "metadata": json.loads(row["metadata"])}) if row else None

    async def replace(self, client: RegisteredClient) -> bool:
        """Put changed metadata and secrets in the place of the old ones; False if it is registered no more."""
        cursor = self._database.execute(
            "UPDATE registered_clients SET metadata = ?, registration_token_hash = ?, changed_at = ?, secret_hash = ? "
            "WHERE client_id = ?",
            (
                json.dumps(dict(client.metadata), ensure_ascii=False),
                client.registration_token_hash,
                client.changed_at,
                client.secret_hash,
                client.client_id,
            ),
        )
        return cursor.rowcount == 1

    async def remove(self, client_id: str, now: float) -> bool:
        """Remove it and revoke its grants (RFC 7592 2.3), in one transaction; False if it was gone."""
        with self._database.transaction():
            cursor = self._database.execute("DELETE FROM registered_clients WHERE client_id = ?", (client_id,))
            self._database.execute(
                "UPDATE grants SET revoked_at = ? WHERE client_id = ? AND revoked_at IS NULL", (now, client_id)
            )
            return cursor.rowcount == 1
