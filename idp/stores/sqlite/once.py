"""What may happen once, or only so often: client assertions and log-in attempts."""

from __future__ import annotations

import sqlite3

from idp.stores.people_rows import FORGET_AFTER, FREE_FAILURES, LONGEST_DELAY
from idp.stores.protocols import Once
from idp.stores.sqlite.database import Database

_USE = "INSERT INTO assertions (client_id, jti, expires_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_USE_BOTH = "INSERT INTO assertions (client_id, jti, expires_at) VALUES (?, ?, ?), (?, ?, ?)"


class SqliteAssertions:
    """The `jti` of client assertions and DPoP proofs that were used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def use(self, who: str, jti: str, expires_at: float) -> bool:
        """Remember it, atomically; False if it was used before."""
        return self._database.execute(_USE, (who, jti, expires_at)).rowcount == 1

    async def use_both(self, one: Once, other: Once) -> tuple[bool, bool]:
        """Remember two that came with one request as `use` does one after the other, in one step."""
        try:
            self._database.execute(_USE_BOTH, (*one, *other))
            return True, True
        except sqlite3.IntegrityError:
            new = await self.use(*one)
            return new, new and await self.use(*other)


class SqliteLoginFailures:
    """Failed log-ins, counted per account and address together."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def attempt(self, account: str, address: str, now: float) -> float:
        """Count an attempt as failed in advance, atomically; return 0.0, or the seconds to wait, counting nothing.

        The first FREE_FAILURES cost nothing; then the delay is 1, 2, 4 ... LONGEST_DELAY seconds. Counting before the
        password is hashed is what holds a hundred guesses sent at once.
        """
        with self._database.transaction():
            row = self._database.one(
                "SELECT failures, last_at, blocked_until FROM login_failures WHERE account = ? AND address = ?",
                (account, address),
            )
            if row and row["blocked_until"] > now:
                return float(row["blocked_until"] - now)
            failures = row["failures"] + 1 if row and now - row["last_at"] < FORGET_AFTER else 1
            over = failures - FREE_FAILURES
            delay = 0.0 if over < 0 else min(LONGEST_DELAY, 2.0 ** min(over, 10))
            self._database.execute(
                "INSERT OR REPLACE INTO login_failures (account, address, failures, last_at, blocked_until) "
                "VALUES (?, ?, ?, ?, ?)",
                (account, address, failures, now, now + delay),
            )
            return 0.0

    async def undo(self, account: str, address: str) -> None:
        """Take back the last attempt: its password was not even looked at."""
        self._database.execute(
            "UPDATE login_failures SET failures = max(failures - 1, 0), blocked_until = 0 "
            "WHERE account = ? AND address = ?",
            (account, address),
        )

    async def clear(self, account: str, address: str) -> None:
        """Forget the failures: the log-in succeeded."""
        self._database.execute("DELETE FROM login_failures WHERE account = ? AND address = ?", (account, address))
