"""What may happen once, or only so often, in PostgreSQL: client assertions and log-in attempts."""

from __future__ import annotations

from idp.stores.people_rows import FORGET_AFTER, FREE_FAILURES, LONGEST_DELAY
from idp.stores.protocols import Once
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


_USE = "INSERT INTO assertions (client_id, jti, expires_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_USE_BOTH = (
    "INSERT INTO assertions (client_id, jti, expires_at) "
    "SELECT * FROM (VALUES (%s::text, %s::text, %s::float8), (%s, %s, %s)) AS shown "
    "WHERE NOT EXISTS (SELECT 1 FROM assertions WHERE client_id = %s AND jti = %s) "
    "AND NOT EXISTS (SELECT 1 FROM assertions WHERE client_id = %s AND jti = %s) "
    "ON CONFLICT DO NOTHING RETURNING client_id, jti"
)


class PostgresAssertions:
    """The `jti` of client assertions and DPoP proofs that were used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def use(self, who: str, jti: str, expires_at: float) -> bool:
        """Remember it, atomically; False if it was used before."""
        return await self._database.execute(_USE, (who, jti, expires_at)) == 1

    async def use_both(self, one: Once, other: Once) -> tuple[bool, bool]:
        """Remember two that came with one request as `use` does one after the other, in one step."""
        # In one order, so that two such steps cannot wait for each other.
        first, second = sorted((one, other))
        rows = await self._database.many(_USE_BOTH, (*first, *second, *one[:2], *other[:2]))
        if not rows:
            new = await self.use(*one)
            return new, new and await self.use(*other)
        # One alone if the other was used by another request at this moment.
        kept = {(row["client_id"], row["jti"]) for row in rows}
        return one[:2] in kept, other[:2] in kept


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
