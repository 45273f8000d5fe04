"""Who is signed in at this portal, and the local accounts, one per pairwise subject."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

SEEN_EVERY_SECONDS = 60


@dataclass(frozen=True)
class Session:
    """One session at this portal; `id` is the hash of the cookie's value, times are epoch seconds.

    `userinfo` is what the provider released for this session; it is forgotten with it (data minimum).
    """

    id: str
    sub: str
    sid: str
    acr: str
    auth_time: float | None
    nonce: str
    scope: str
    id_token: str
    id_token_use: Literal["id_token", "refreshed_id_token"]
    access_token: str
    access_ends_at: float
    refresh_token: str | None
    userinfo: Mapping[str, Any]
    created_at: float
    seen_at: float
    ends_at: float

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes that were granted."""
        return frozenset(self.scope.split())


@dataclass(frozen=True)
class Account:
    """This portal's own account of one pairwise subject; `number` counts from 1, times are epoch seconds."""

    sub: str
    number: int
    first_at: float
    last_at: float
    visits: int


@dataclass(frozen=True)
class Tokens:
    """What a refresh brought."""

    id_token: str
    id_token_use: Literal["id_token", "refreshed_id_token"]
    access_token: str
    access_ends_at: float
    refresh_token: str | None
    scope: str


def hashed(value: str) -> str:
    """Return how a cookie's value is kept: a fast hash is enough, the value has 256 random bits."""
    return hashlib.sha256(value.encode()).hexdigest()


class Sessions:
    """Remembers sessions and accounts."""

    def __init__(self, connection: sqlite3.Connection, idle_seconds: int) -> None:
        self._connection = connection
        self._idle = idle_seconds

    async def begin(self, session: Session, replaces: str | None) -> None:
        """Remember a new session, end the browser's old one (`replaces`), count the visit, forget what has ended."""
        connection, now = self._connection, session.created_at
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "DELETE FROM sessions WHERE id = ? OR ends_at < ? OR seen_at < ?", (replaces, now, now - self._idle)
            )
            values = {**vars(session), "userinfo": json.dumps(session.userinfo, ensure_ascii=False)}
            marks = ", ".join(f":{name}" for name in values)
            connection.execute(f"INSERT INTO sessions ({', '.join(values)}) VALUES ({marks})", values)
            connection.execute(
                "INSERT INTO accounts VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM accounts), ?, ?, 1) "
                "ON CONFLICT (sub) DO UPDATE SET last_at = excluded.last_at, visits = visits + 1",
                (session.sub, now, now),
            )

    async def find(self, id: str, now: float) -> Session | None:
        """Return the live session of `id` and note that it was seen, or None."""
        row = self._connection.execute(
            "SELECT * FROM sessions WHERE id = ? AND ends_at > ? AND seen_at > ?", (id, now, now - self._idle)
        ).fetchone()
        if row is None:
            return None
        if now - row["seen_at"] >= SEEN_EVERY_SECONDS:
            self._connection.execute("UPDATE sessions SET seen_at = ? WHERE id = ?", (now, id))
        values = dict(row)
        return Session(**{**values, "userinfo": json.loads(values["userinfo"])})

    async def renew(self, id: str, tokens: Tokens) -> bool:
        """Put `tokens` in place of the session's; False when the session has ended in the meantime."""
        values = {**vars(tokens), "id": id}
        sets = ", ".join(f"{name} = :{name}" for name in vars(tokens))
        return self._connection.execute(f"UPDATE sessions SET {sets} WHERE id = :id", values).rowcount == 1

    async def end(self, id: str) -> None:
        """End one session."""
        self._connection.execute("DELETE FROM sessions WHERE id = ?", (id,))

    async def account(self, sub: str) -> Account | None:
        """Return the account of `sub`, or None."""
        row = self._connection.execute("SELECT * FROM accounts WHERE sub = ?", (sub,)).fetchone()
        return Account(**dict(row)) if row else None
