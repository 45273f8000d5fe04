"""What is released to whom, in SQLite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from idp.model import Basis, Consent
from idp.stores.people_rows import CONSENT_COLUMNS, consent_of
from idp.stores.sqlite.database import Database, insert

_GIVE = insert("consents", CONSENT_COLUMNS).replace("INSERT", "INSERT OR REPLACE", 1)


class SqliteConsents:
    """What is released to whom, and on which basis."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def given(self, user_id: str, client_id: str) -> Mapping[str, Basis]:
        """Return the scopes that are released to the client and not withdrawn, and on which basis."""
        rows = self._database.many(
            "SELECT scope, basis FROM consents WHERE user_id = ? AND client_id = ? AND withdrawn_at IS NULL",
            (user_id, client_id),
        )
        return {row["scope"]: row["basis"] for row in rows}

    async def give(self, user_id: str, client_id: str, scopes: Mapping[str, Basis], now: float) -> None:
        """Remember releases; one given again counts from now."""
        with self._database.transaction():
            for scope, basis in scopes.items():
                self._database.execute(_GIVE, (user_id, client_id, scope, basis, now))

    async def withdraw(self, user_id: str, client_id: str, now: float) -> bool:
        """Withdraw what rests on consent; False if nothing did."""
        cursor = self._database.execute(
            "UPDATE consents SET withdrawn_at = ? WHERE user_id = ? AND client_id = ? AND basis = 'consent' "
            "AND withdrawn_at IS NULL",
            (now, user_id, client_id),
        )
        return cursor.rowcount > 0

    async def of_person(self, user_id: str) -> Sequence[Consent]:
        """Return all releases, withdrawn ones too, newest first."""
        rows = self._database.many("SELECT * FROM consents WHERE user_id = ? ORDER BY granted_at DESC", (user_id,))
        return [consent_of(row) for row in rows]
