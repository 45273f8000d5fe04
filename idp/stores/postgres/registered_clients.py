"""Clients that registered themselves, in PostgreSQL."""

from __future__ import annotations

import json

from idp.model import RegisteredClient
from idp.stores.postgres.grants import revoke_where
from idp.stores.rows import REGISTERED_CLIENT_COLUMNS, registered_client_of, registered_client_values
from web.postgres import Database, Transaction, insert, places

_ADD = insert("registered_clients", REGISTERED_CLIENT_COLUMNS)
_ADD_ONE_OF = (
    f"INSERT INTO registered_clients ({', '.join(REGISTERED_CLIENT_COLUMNS)}) "
    f"SELECT {places(REGISTERED_CLIENT_COLUMNS)} "
    "WHERE (SELECT count(*) FROM registered_clients WHERE NOT vouched) < %s"
)
_REVOKE = revoke_where(
    "grant_id IN (SELECT grant_id FROM grants WHERE sid IN (SELECT sid FROM sign_ins "
    "WHERE client_id = %(client_id)s AND ended_at IS NULL) "
    "UNION ALL SELECT grant_id FROM grants WHERE client_id = %(client_id)s AND offline)"
)
_LOCK = 0x7265676973746572
"""The advisory lock under which those that nobody vouched for are counted: the letters of "register"."""


class PostgresRegisteredClients:
    """Clients that registered themselves (RFC 7591)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, client: RegisteredClient, most: int) -> bool:
        """Keep a new one, unless it is one of those that nobody vouched for and there are `most` already; atomic."""
        values = registered_client_values(client)
        if client.vouched:
            return await self._database.execute(_ADD, values) == 1

        async def work(transaction: Transaction) -> bool:
            # In a statement of its own: the next one then counts what was there when the lock was had.
            await transaction.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            return await transaction.execute(_ADD_ONE_OF, (*values, most)) == 1

        return await self._database.atomically(work)

    async def get(self, client_id: str) -> RegisteredClient | None:
        """Return it, or None."""
        row = await self._database.one("SELECT * FROM registered_clients WHERE client_id = %s", (client_id,))
        return registered_client_of(row) if row else None

    async def replace(self, client: RegisteredClient, *, moved: bool = False) -> bool:
        """Put changed metadata and secrets in the place of the old ones; False if it is registered no more.

        Where the client `moved`, what people had agreed to is withdrawn with it, in one transaction.
        """

        async def work(transaction: Transaction) -> bool:
            replaced = await transaction.execute(
                "UPDATE registered_clients SET metadata = %s, registration_token_hash = %s, changed_at = %s, "
                "secret_hash = %s WHERE client_id = %s",
                (
                    json.dumps(dict(client.metadata), ensure_ascii=False),
                    client.registration_token_hash,
                    client.changed_at,
                    client.secret_hash,
                    client.client_id,
                ),
            )
            if moved:
                await transaction.execute(
                    "UPDATE consents SET withdrawn_at = %s WHERE client_id = %s AND withdrawn_at IS NULL",
                    (client.changed_at, client.client_id),
                )
            return replaced == 1

        return await self._database.atomically(work)

    async def remove(self, client_id: str, now: float) -> bool:
        """Remove it, revoke its grants, take back its logout tokens (RFC 7592 2.3); one transaction.

        False if it was gone.
        """

        async def work(transaction: Transaction) -> bool:
            removed = await transaction.execute("DELETE FROM registered_clients WHERE client_id = %s", (client_id,))
            values = {"client_id": client_id, "now": now}
            await transaction.execute(_REVOKE, values)
            # There is nobody left whom they could be for.
            await transaction.execute(
                "UPDATE deliveries SET state = 'given_up', finished_at = %(now)s, outcome = 'client_removed' "
                "WHERE client_id = %(client_id)s AND state = 'pending'",
                values,
            )
            return removed == 1

        return await self._database.atomically(work)
