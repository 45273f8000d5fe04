"""What is released to whom, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from idp.model import Basis, Consent
from idp.stores.people_rows import consent_of
from web.postgres import Database


class PostgresConsents:
    """What is released to whom, and on which basis."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def given(self, user_id: str, client_id: str) -> Mapping[str, Basis]:
        """Return the scopes that are released to the client and not withdrawn, and on which basis."""
        rows = await self._database.many(
            "SELECT scope, basis FROM consents WHERE user_id = %s AND client_id = %s AND withdrawn_at IS NULL",
            (user_id, client_id),
        )
        return {row["scope"]: row["basis"] for row in rows}

    async def give(self, user_id: str, client_id: str, scopes: Mapping[str, Basis], now: float) -> None:
        """Remember releases; one given again counts from now."""
        await self._database.execute(
            "INSERT INTO consents (user_id, client_id, scope, basis, granted_at) "
            "SELECT %s, %s, scope, basis, %s FROM unnest(%s::text[], %s::text[]) AS given (scope, basis) "
            "ORDER BY scope ON CONFLICT (user_id, client_id, scope) "
            "DO UPDATE SET basis = excluded.basis, granted_at = excluded.granted_at, withdrawn_at = NULL",
            (user_id, client_id, now, list(scopes.keys()), list(scopes.values())),
        )

    async def withdraw(self, user_id: str, client_id: str, now: float) -> bool:
        """Withdraw what rests on consent; False if nothing did."""
        withdrawn = await self._database.execute(
            "UPDATE consents SET withdrawn_at = %s WHERE user_id = %s AND client_id = %s AND basis = 'consent' "
            "AND withdrawn_at IS NULL",
            (now, user_id, client_id),
        )
        return withdrawn > 0

    async def of_person(self, user_id: str) -> Sequence[Consent]:
        """Return all releases, withdrawn ones too, newest first."""
        rows = await self._database.many(
            "SELECT * FROM consents WHERE user_id = %s ORDER BY granted_at DESC", (user_id,)
        )
        return [consent_of(row) for row in rows]
