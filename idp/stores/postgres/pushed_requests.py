"""Pushed authorization requests in PostgreSQL."""

from __future__ import annotations

from idp.model import PushedRequest
from idp.stores.rows import PUSHED_REQUEST_COLUMNS, pushed_request_of, pushed_request_values
from web.postgres import Database, insert

_PUSH = insert("pushed_requests", PUSHED_REQUEST_COLUMNS)


class PostgresPushedRequests:
    """Authorization requests that clients pushed (RFC 9126)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def push(self, request: PushedRequest) -> None:
        """Keep a new one."""
        await self._database.execute(_PUSH, pushed_request_values(request))

    async def get(self, request_uri_hash: str) -> PushedRequest | None:
        """Return it, also when it has expired or was used."""
        row = await self._database.one("SELECT * FROM pushed_requests WHERE request_uri_hash = %s", (request_uri_hash,))
        return pushed_request_of(row) if row else None

    async def use(self, request_uri_hash: str, now: float) -> bool:
        """Use it up, atomically and once; False if that was done before."""
        used = await self._database.execute(
            "UPDATE pushed_requests SET used_at = %s WHERE request_uri_hash = %s AND used_at IS NULL",
            (now, request_uri_hash),
        )
        return used == 1
