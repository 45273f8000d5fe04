"""Who is signed in at this portal, and the local accounts, one per pairwise subject."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from portals.stores.database import Database, NowAndThen, Row, Transaction
from portals.stores.endings import ENDINGS

SEEN_EVERY_SECONDS = 60
SWEEP_SECONDS = 10
RENEWAL_SECONDS = 20
"""How long a process may renew a session's tokens before another one may: it has then died, or has given up."""
ACCOUNTS = "accounts"
"""What gives new accounts their numbers is alone with."""


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

    def __init__(self, database: Database, idle_seconds: int) -> None:
        self._database = database
        self._idle = idle_seconds
        self._sweep = NowAndThen(SWEEP_SECONDS)

    async def begin(self, session: Session, issued_at: float, replaces: str | None) -> bool:
        """Remember a new session, end the browser's old one (`replaces`), and count the visit.

        False, with no effect, when the provider has ended it meanwhile: its `sid`, or all of the subject's that began
        at `issued_at`, the ID token's `iat`, or before. Now and then forgets what has ended.
        """
        now = session.created_at
        if self._sweep.due(now):
            await self._database.execute("DELETE FROM sessions WHERE ends_at < %s", (now,))
            await self._database.execute("DELETE FROM sessions WHERE seen_at < %s", (now - self._idle,))

        async def write(transaction: Transaction) -> bool:
            await transaction.alone(ENDINGS, among_equals=True)
            ended = await transaction.one(
                "SELECT 1 FROM ended_sids WHERE sid = %s UNION ALL "
                "SELECT 1 FROM ended_subjects WHERE sub = %s AND ended_at >= %s",
                (session.sid, session.sub, issued_at),
            )
            if ended is not None:
                return False
            await transaction.execute("DELETE FROM sessions WHERE id = %s", (replaces,))
            await transaction.execute(
                f"INSERT INTO sessions ({_COLUMNS}) VALUES ({', '.join(['%s'] * len(_NAMES))})", _values(session)
            )
            await _count(transaction, session.sub, now)
            return True

        return await self._database.atomically(write)

    async def find(self, id: str, now: float) -> Session | None:
        """Return the live session of `id` and note that it was seen, or None."""
        row = await self._database.one(
            f"SELECT {_COLUMNS} FROM sessions WHERE id = %s AND ends_at > %s AND seen_at > %s",
            (id, now, now - self._idle),
        )
        if row is None:
            return None
        if now - row["seen_at"] >= SEEN_EVERY_SECONDS:
            await self._database.execute("UPDATE sessions SET seen_at = %s WHERE id = %s", (now, id))
        return _session(row)

    async def claim_renewal(self, session: Session, by: str, now: float) -> bool:
        """Take it on to renew the session's tokens; True for one caller at a time, who is named `by`.

        False also where the session has ended, or has other tokens by now. Whoever does not renew or give up within
        RENEWAL_SECONDS has lost it.
        """
        until = now + RENEWAL_SECONDS + self._database.doubt_seconds
        changed = await self._database.execute(
            "UPDATE sessions SET renewing_by = %s, renewing_until = %s WHERE id = %s AND access_token = %s "
            "AND (renewing_until IS NULL OR renewing_until <= %s)",
            (by, until, session.id, session.access_token, now),
        )
        return changed == 1

    async def renew(self, id: str, tokens: Tokens, by: str) -> bool:
        """Put `tokens` in place of the session's; False when it has ended, or another one renews it by now."""
        sets = ", ".join(f"{name} = %s" for name in vars(tokens))
        statement = f"UPDATE sessions SET {sets}, {_RENEWED} WHERE id = %s AND renewing_by = %s"
        return await self._database.execute(statement, (*vars(tokens).values(), id, by)) == 1

    async def give_up_renewal(self, id: str, by: str) -> None:
        """Leave it to others, the tokens being as they were."""
        statement = f"UPDATE sessions SET {_RENEWED} WHERE id = %s AND renewing_by = %s"
        await self._database.execute(statement, (id, by))

    async def end(self, id: str) -> None:
        """End one session."""
        await self._database.execute("DELETE FROM sessions WHERE id = %s", (id,))

    async def account(self, sub: str) -> Account | None:
        """Return the account of `sub`, or None."""
        row = await self._database.one("SELECT * FROM accounts WHERE sub = %s", (sub,))
        return Account(**row) if row else None


_NAMES = tuple(field.name for field in fields(Session))
_COLUMNS = ", ".join(_NAMES)
_RENEWED = "renewing_by = NULL, renewing_until = NULL"


def _values(session: Session) -> tuple[object, ...]:
    values = {**vars(session), "userinfo": json.dumps(session.userinfo, ensure_ascii=False)}
    return tuple(values[name] for name in _NAMES)


def _session(row: Row) -> Session:
    return Session(**{**row, "userinfo": json.loads(row["userinfo"])})


async def _count(transaction: Transaction, sub: str, now: float) -> None:
    """Count a visit, to an account that is made at the first one."""
    visit = "UPDATE accounts SET last_at = %s, visits = visits + 1 WHERE sub = %s"
    if await transaction.execute(visit, (now, sub)):
        return
    await transaction.alone(ACCOUNTS)
    # Another one may have made it meanwhile.
    await transaction.execute(
        "INSERT INTO accounts SELECT %s, coalesce(max(number), 0) + 1, CAST(%s AS DOUBLE PRECISION), "
        "CAST(%s AS DOUBLE PRECISION), 1 FROM accounts WHERE true "
        "ON CONFLICT (sub) DO UPDATE SET last_at = excluded.last_at, visits = accounts.visits + 1",
        (sub, now, now),
    )
