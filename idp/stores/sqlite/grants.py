"""Authorization codes and the refresh tokens that come of them, in SQLite."""

from __future__ import annotations

from idp.model import AuditEvent, Grant, Person, RefreshToken
from idp.stores.rows import (
    GRANT_COLUMNS,
    NEW_GRANT_COLUMNS,
    REFRESH_TOKEN_COLUMNS,
    grant_of,
    new_grant_values,
    refresh_token_of,
)
from idp.stores.sqlite.audit import record
from idp.stores.sqlite.database import Database, insert, places
from idp.stores.visit_rows import GRANT_AND_PERSON_COLUMNS, grant_and_person_of

_COLUMNS = ", ".join(GRANT_COLUMNS)
_ISSUE = (
    f"INSERT INTO grants ({', '.join(NEW_GRANT_COLUMNS)}) SELECT {places(NEW_GRANT_COLUMNS)} "
    "WHERE NOT EXISTS (SELECT 1 FROM sign_ins WHERE sid = ? AND ended_at IS NOT NULL)"
)
_REDEEM = (
    "UPDATE grants SET redeemed_at = ?, dpop_jkt = ?, keep_until = max(keep_until, ?) "
    "WHERE grant_id = ? AND redeemed_at IS NULL AND revoked_at IS NULL AND code_expires_at > ?"
)
_WITH_PERSON = (
    f"SELECT {GRANT_AND_PERSON_COLUMNS} FROM grants g LEFT JOIN people p USING (user_id) "
    "WHERE g.grant_id = ? AND g.code_hash = ?"
)
_BY_REFRESH_TOKEN = (
    f"SELECT {', '.join(f'grants.{name}' for name in GRANT_COLUMNS)}, "
    "r.token_hash, r.issued_at AS token_issued_at, r.expires_at, r.used_at, "
    "s.ended_at IS NOT NULL OR e.ended_at IS NOT NULL AS sign_in_ended "
    "FROM refresh_tokens r JOIN grants USING (grant_id) "
    "LEFT JOIN sign_ins s ON s.sid = grants.sid LEFT JOIN sessions e ON e.session_id = grants.session_id "
    "WHERE r.token_hash = ?"
)
_KEEP_REFRESH_TOKEN = insert("refresh_tokens", REFRESH_TOKEN_COLUMNS)


class SqliteGrants:
    """Authorization codes and the families of refresh tokens that come of them; only hashes of secrets are kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def issue(self, grant: Grant, code_hash: str, event: AuditEvent | None = None) -> bool:
        """Keep a new grant under the hash of its code, and the event of it, unless its sign-in has ended; atomic."""
        with self._database.transaction():
            cursor = self._database.execute(_ISSUE, (*new_grant_values(grant, code_hash), grant.sid))
            if cursor.rowcount != 1:
                return False
            if event is not None:
                record(self._database, event)
            return True

    async def with_person(self, grant_id: str, code_hash: str) -> tuple[Grant, Person | None] | None:
        """Return the grant of a code, redeemed or not, and whose it is, if they are there."""
        row = self._database.one(_WITH_PERSON, (grant_id, code_hash))
        return grant_and_person_of(row) if row else None

    async def get(self, grant_id: str) -> Grant | None:
        """Return the grant."""
        row = self._database.one(f"SELECT {_COLUMNS} FROM grants WHERE grant_id = ?", (grant_id,))
        return grant_of(row) if row else None

    async def redeem(
        self,
        grant_id: str,
        now: float,
        refresh_hash: str | None,
        refresh_expires_at: float,
        dpop_jkt: str | None = None,
    ) -> bool:
        """Redeem the code, atomically and once for ever (RFC 6749 4.1.2), and keep the first refresh token."""
        # A family that is used lives on, so its grant must not be swept before its youngest token.
        values = (now, dpop_jkt, refresh_expires_at, grant_id, now)
        if refresh_hash is None:
            return self._database.execute(_REDEEM, values).rowcount == 1
        with self._database.transaction():
            if self._database.execute(_REDEEM, values).rowcount != 1:
                return False
            self._keep_refresh_token(refresh_hash, grant_id, now, refresh_expires_at)
            return True

    async def by_refresh_token(self, token_hash: str) -> RefreshToken | None:
        """Return the refresh token with its grant, used or not."""
        row = self._database.one(_BY_REFRESH_TOKEN, (token_hash,))
        return refresh_token_of(row, row) if row else None

    async def rotate(self, token_hash: str, new_hash: str, expires_at: float, now: float) -> bool:
        """Use up a refresh token and keep its successor, atomically and once."""
        with self._database.transaction():
            row = self._database.one(
                "UPDATE refresh_tokens SET used_at = ? WHERE token_hash = ? AND used_at IS NULL AND expires_at > ? "
                "AND (SELECT revoked_at FROM grants g WHERE g.grant_id = refresh_tokens.grant_id) IS NULL "
                "RETURNING grant_id",
                (now, token_hash, now),
            )
            if row is None:
                return False
            self._keep_until(row["grant_id"], expires_at)
            self._keep_refresh_token(new_hash, row["grant_id"], now, expires_at)
            return True

    async def prolong(self, token_hash: str, expires_at: float, now: float) -> bool:
        """Let a refresh token that is not rotated live until `expires_at`; False if it is not good any more."""
        with self._database.transaction():
            row = self._database.one(
                "UPDATE refresh_tokens SET expires_at = ? WHERE token_hash = ? AND used_at IS NULL AND expires_at > ? "
                "AND (SELECT revoked_at FROM grants g WHERE g.grant_id = refresh_tokens.grant_id) IS NULL "
                "RETURNING grant_id",
                (expires_at, token_hash, now),
            )
            if row is None:
                return False
            self._keep_until(row["grant_id"], expires_at)
            return True

    def _keep_until(self, grant_id: str, until: float) -> None:
        self._database.execute(
            "UPDATE grants SET keep_until = max(keep_until, ?) WHERE grant_id = ?", (until, grant_id)
        )

    def _keep_refresh_token(self, token_hash: str, grant_id: str, now: float, expires_at: float) -> None:
        self._database.execute(_KEEP_REFRESH_TOKEN, (token_hash, grant_id, now, expires_at))

    async def revoke(self, grant_id: str, now: float) -> None:
        """Revoke all that came or will come of the grant."""
        self._database.execute(
            "UPDATE grants SET revoked_at = ? WHERE grant_id = ? AND revoked_at IS NULL", (now, grant_id)
        )

    async def revoke_of_person(self, user_id: str, client_id: str | None, now: float) -> None:
        """Revoke all grants of the person, at one client or at all, those for offline access too."""
        self._database.execute(
            "UPDATE grants SET revoked_at = :now WHERE grant_id IN (SELECT grant_id FROM grants WHERE sid IN ("
            "SELECT sid FROM sign_ins WHERE user_id = :user_id AND ended_at IS NULL) "
            "UNION ALL SELECT grant_id FROM grants WHERE user_id = :user_id AND offline = 1) "
            "AND (:client_id IS NULL OR client_id = :client_id) AND revoked_at IS NULL",
            {"now": now, "user_id": user_id, "client_id": client_id},
        )

    async def revoke_access_token(self, jti: str, expires_at: float) -> None:
        """Revoke one access token."""
        self._database.execute(
            "INSERT INTO revoked_access_tokens (jti, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (jti, expires_at),
        )

    async def access_token_revoked(self, jti: str) -> bool:
        """Tell whether this one access token was revoked."""
        return self._database.one("SELECT 1 FROM revoked_access_tokens WHERE jti = ?", (jti,)) is not None
