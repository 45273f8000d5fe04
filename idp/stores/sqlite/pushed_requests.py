"""Pushed authorization requests in SQLite."""

from __future__ import annotations

import json

from idp.model import PushedRequest
from idp.stores.sqlite.database import Database


class SqlitePushedRequests:
    """Authorization requests that clients pushed (RFC 9126)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def push(self, request: PushedRequest) -> None:
        """Keep a new one."""
        self._database.execute(
            "INSERT INTO pushed_requests (request_uri_hash, client_id, parameters, expires_at, source, dpop_jkt) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                request.request_uri_hash,
                request.client_id,
                json.dumps(request.parameters),
                request.expires_at,
                request.source,
                request.dpop_jkt,
            ),
        )

    async def get(self, request_uri_hash: str) -> PushedRequest | None:
        """Return it, also when it has expired or was used."""
        row = self._database.one("SELECT * FROM pushed_requests WHERE request_uri_hash = ?", (request_uri_hash,))
        if row is None:
            return None
        values = dict(row)
        values["parameters"] = tuple((name, value) for name, value in json.loads(row["parameters"]))
        return PushedRequest(**values)

    async def use(self, request_uri_hash: str, now: float) -> bool:
        """Use it up, atomically and once; False if that was done before."""
        cursor = self._database.execute(
            "UPDATE pushed_requests SET used_at = ? WHERE request_uri_hash = ? AND used_at IS NULL",
            (now, request_uri_hash),
        )
        return cursor.rowcount == 1
