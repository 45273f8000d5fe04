"""Clients that registered themselves, in SQLite."""

from __future__ import annotations

import json

from idp.model import RegisteredClient
from idp.stores.rows import REGISTERED_CLIENT_COLUMNS, registered_client_of, registered_client_values
from idp.stores.sqlite.database import Database, places

_ADD = (
    f"INSERT INTO registered_clients ({', '.join(REGISTERED_CLIENT_COLUMNS)}) "
    f"SELECT {places(REGISTERED_CLIENT_COLUMNS)} "
    "WHERE ? OR (SELECT count(*) FROM registered_clients WHERE NOT vouched) < ?"
)


class SqliteRegisteredClients:
    """Clients that registered themselves (RFC 7591)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, client: RegisteredClient, most: int) -> bool:
        """Keep a new one, unless it is one of those that nobody vouched for and there are `most` already; atomic."""
        cursor = self._database.execute(_ADD, (*registered_client_values(client), client.vouched, most))
        return cursor.rowcount == 1

    async def get(self, client_id: str) -> RegisteredClient | None:
        """Return it, or None."""
        row = self._database.one("SELECT * FROM registered_clients WHERE client_id = ?", (client_id,))
        return registered_client_of(row) if row else None

    async def replace(self, client: RegisteredClient, *, moved: bool = False) -> bool:
        """Put changed metadata and secrets in the place of the old ones; False if it is registered no more.

        Where the client `moved`, what people had agreed to is withdrawn with it, in one transaction.
        """
        with self._database.transaction():
            cursor = self._database.execute(
                "UPDATE registered_clients SET metadata = ?, registration_token_hash = ?, changed_at = ?, "
                "secret_hash = ? WHERE client_id = ?",
                (
                    json.dumps(dict(client.metadata), ensure_ascii=False),
                    client.registration_token_hash,
                    client.changed_at,
                    client.secret_hash,
                    client.client_id,
                ),
            )
            if moved:
                self._database.execute(
                    "UPDATE consents SET withdrawn_at = ? WHERE client_id = ? AND withdrawn_at IS NULL",
                    (client.changed_at, client.client_id),
                )
            return cursor.rowcount == 1

    async def remove(self, client_id: str, now: float) -> bool:
        """Remove it, revoke its grants, take back its logout tokens (RFC 7592 2.3); one transaction.

        False if it was gone.
        """
        with self._database.transaction():
            cursor = self._database.execute("DELETE FROM registered_clients WHERE client_id = ?", (client_id,))
            self._database.execute(
                "UPDATE grants SET revoked_at = :now WHERE grant_id IN (SELECT grant_id FROM grants WHERE sid IN ("
                "SELECT sid FROM sign_ins WHERE client_id = :client_id AND ended_at IS NULL) "
                "UNION ALL SELECT grant_id FROM grants WHERE client_id = :client_id AND offline = 1) "
                "AND revoked_at IS NULL",
                {"now": now, "client_id": client_id},
            )
            # There is nobody left whom they could be for.
            self._database.execute(
                "UPDATE deliveries SET state = 'given_up', finished_at = ?, outcome = 'client_removed' "
                "WHERE client_id = ? AND state = 'pending'",
                (now, client_id),
            )
            return cursor.rowcount == 1
