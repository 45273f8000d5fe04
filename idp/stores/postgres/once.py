"""What may happen once, or only so often, in PostgreSQL: client assertions and log-in attempts."""

from __future__ import annotations

from idp.stores.people_rows import FORGET_AFTER, FREE_FAILURES, LONGEST_DELAY
from web.postgres import Database

# Under the lock of the row, so that of a hundred attempts at once each sees what the one before it counted.
_ATTEMPT = (
    "INSERT INTO login_failures AS f (account, address, failures, last_at, blocked_until) "
    "VALUES (%(account)s, %(address)s, 1, %(now)s, %(now)s) ON CONFLICT (account, address) DO UPDATE "
    "SET (failures, last_at, blocked_until) = ("
    "SELECT n, %(now)s, "
    "%(now)s + CASE WHEN n < %(free)s THEN 0 ELSE least(%(longest)s, 2 ^ least(n - %(free)s, 10)) END "
    "FROM (SELECT CASE WHEN %(now)s - f.last_at < %(forget)s THEN f.failures + 1 ELSE 1 END AS n) AS counted) "
    "WHERE f.blocked_until <= %(now)s RETURNING failures"
)


class PostgresAssertions:
    """The `jti` of client assertions and DPoP proofs that were used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def use(self, who: str, jti: str, expires_at: float) -> bool:
        """Remember it, atomically; False if it was used before."""
        kept = await self._database.execute(
            "INSERT INTO assertions (client_id, jti, expires_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (who, jti, expires_at),
        )
        return kept == 1


class PostgresLoginFailures:
    """Failed log-ins, counted per account and address together."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def attempt(self, account: str, address: str, now: float) -> float:
        """Count an attempt as failed in advance, atomically; return 0.0, or the seconds to wait, counting nothing.

        The first FREE_FAILURES cost nothing; then the delay is 1, 2, 4 ... LONGEST_DELAY seconds. Counting before the
        password is hashed is what holds a hundred guesses sent at once.
        """
        values = {
            "account": account,
            "address": address,
            "now": now,
            "free": FREE_FAILURES,
            "longest": LONGEST_DELAY,
            "forget": FORGET_AFTER,
        }
        while await self._database.one(_ATTEMPT, values) is None:
            row = await self._database.one(
                "SELECT blocked_until FROM login_failures WHERE account = %s AND address = %s", (account, address)
            )
            # Where it was cleared in between, the attempt counts after all.
            if row and row["blocked_until"] > now:
                return float(row["blocked_until"] - now)
        return 0.0

    async def undo(self, account: str, address: str) -> None:
        """Take back the last attempt: its password was not even looked at."""
        await self._database.execute(
            "UPDATE login_failures SET failures = greatest(failures - 1, 0), blocked_until = 0 "
            "WHERE account = %s AND address = %s",
            (account, address),
        )

    async def clear(self, account: str, address: str) -> None:
        """Forget the failures: the log-in succeeded."""
        await self._database.execute(
            "DELETE FROM login_failures WHERE account = %s AND address = %s", (account, address)
        )
