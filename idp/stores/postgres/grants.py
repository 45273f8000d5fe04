"""Authorization codes and the refresh tokens that come of them, in PostgreSQL.

Whatever locks several rows locks the sign-in before its grants and a grant before its refresh tokens, and of several
rows of one table the one whose identifier is smaller first: so nobody waits in a circle.
"""

from __future__ import annotations

from idp.model import AuditEvent, Grant, Person, RefreshToken
from idp.stores.rows import (
    AUDIT_COLUMNS,
    GRANT_COLUMNS,
    NEW_GRANT_COLUMNS,
    REFRESH_TOKEN_COLUMNS,
    audit_values,
    grant_of,
    new_grant_values,
    refresh_token_of,
)
from idp.stores.visit_rows import GRANT_AND_PERSON_COLUMNS, grant_and_person_of
from web.postgres import Database, insert, places

_COLUMNS = ", ".join(GRANT_COLUMNS)
# The share of the lock makes who ends the sign-in wait until this grant can be seen, or this one wait until it ended.
_HELD = "WITH held AS (SELECT ended_at FROM sign_ins WHERE sid = %s FOR SHARE)"
_KEEP = (
    f"INSERT INTO grants ({', '.join(NEW_GRANT_COLUMNS)}) SELECT {places(NEW_GRANT_COLUMNS)} "
    "WHERE NOT EXISTS (SELECT 1 FROM held WHERE ended_at IS NOT NULL)"
)
_ISSUE = f"{_HELD} {_KEEP}"
_ISSUE_AND_RECORD = (
    f"{_HELD}, issued AS ({_KEEP} RETURNING grant_id) "
    f"INSERT INTO audit ({', '.join(AUDIT_COLUMNS)}) SELECT {places(AUDIT_COLUMNS)} FROM issued"
)
_REDEEM = (
    "UPDATE grants SET redeemed_at = %(now)s, keep_until = greatest(keep_until, %(keep_until)s), "
    "dpop_jkt = %(dpop_jkt)s WHERE grant_id = %(grant_id)s AND redeemed_at IS NULL AND revoked_at IS NULL "
    "AND code_expires_at > %(now)s"
)
_REDEEM_AND_KEEP = (
    f"WITH redeemed AS ({_REDEEM} RETURNING grant_id) "
    f"INSERT INTO refresh_tokens ({', '.join(REFRESH_TOKEN_COLUMNS)}) "
    "SELECT %(refresh_hash)s, grant_id, %(now)s, %(keep_until)s FROM redeemed"
)
# A family that is used lives on, so its grant must not be swept before its youngest token. Its row is locked first:
# what is done with one family is done one after the other.
_FAMILY = (
    "family AS (UPDATE grants SET keep_until = greatest(keep_until, %(expires_at)s) WHERE revoked_at IS NULL "
    "AND grant_id = (SELECT grant_id FROM refresh_tokens WHERE token_hash = %(token_hash)s AND used_at IS NULL "
    "AND expires_at > %(now)s) RETURNING grant_id)"
)
_STILL_GOOD = (
    "FROM family WHERE refresh_tokens.grant_id = family.grant_id AND token_hash = %(token_hash)s AND used_at IS NULL "
    "AND expires_at > %(now)s"
)
_ROTATE = (
    f"WITH {_FAMILY}, used AS (UPDATE refresh_tokens SET used_at = %(now)s {_STILL_GOOD} "
    "RETURNING refresh_tokens.grant_id) "
    f"INSERT INTO refresh_tokens ({', '.join(REFRESH_TOKEN_COLUMNS)}) "
    "SELECT %(new_hash)s, grant_id, %(now)s, %(expires_at)s FROM used"
)
_PROLONG = f"WITH {_FAMILY} UPDATE refresh_tokens SET expires_at = %(expires_at)s {_STILL_GOOD}"
_WITH_PERSON = (
    f"SELECT {GRANT_AND_PERSON_COLUMNS} FROM grants g LEFT JOIN people p USING (user_id) "
    "WHERE g.grant_id = %s AND g.code_hash = %s"
)
_BY_REFRESH_TOKEN = (
    f"SELECT {', '.join(f'grants.{name}' for name in GRANT_COLUMNS)}, "
    "r.token_hash, r.issued_at AS token_issued_at, r.expires_at, r.used_at, "
    "s.ended_at IS NOT NULL OR e.ended_at IS NOT NULL AS sign_in_ended "
    "FROM refresh_tokens r JOIN grants USING (grant_id) "
    "LEFT JOIN sign_ins s ON s.sid = grants.sid LEFT JOIN sessions e ON e.session_id = grants.session_id "
    "WHERE r.token_hash = %s"
)


def revoke_where(condition: str) -> str:
    """Return the statement that revokes, at `now`, the grants for which `condition` holds; see the module's word."""
    return (
        "UPDATE grants SET revoked_at = %(now)s WHERE grant_id IN ("
        f"SELECT grant_id FROM grants WHERE {condition} AND revoked_at IS NULL ORDER BY grant_id FOR UPDATE)"
    )


class PostgresGrants:
    """Authorization codes and the families of refresh tokens that come of them; only hashes of secrets are kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def issue(self, grant: Grant, code_hash: str, event: AuditEvent | None = None) -> bool:
        """Keep a new grant under the hash of its code, and the event of it, unless its sign-in has ended; atomic."""
        values = (grant.sid, *new_grant_values(grant, code_hash))
        if event is None:
            return await self._database.execute(_ISSUE, values) == 1
        return await self._database.execute(_ISSUE_AND_RECORD, (*values, *audit_values(event))) == 1

    async def with_person(self, grant_id: str, code_hash: str) -> tuple[Grant, Person | None] | None:
        """Return the grant of a code, redeemed or not, and whose it is, if they are there."""
        row = await self._database.one(_WITH_PERSON, (grant_id, code_hash))
        return grant_and_person_of(row.values()) if row else None

    async def get(self, grant_id: str) -> Grant | None:
        """Return the grant."""
        row = await self._database.one(f"SELECT {_COLUMNS} FROM grants WHERE grant_id = %s", (grant_id,))
        return grant_of(row.values()) if row else None

    async def redeem(
        self,
        grant_id: str,
        now: float,
        refresh_hash: str | None,
        refresh_expires_at: float,
        dpop_jkt: str | None = None,
    ) -> bool:
        """Redeem the code, atomically and once for ever (RFC 6749 4.1.2), and keep the first refresh token."""
        values = {
            "grant_id": grant_id,
            "now": now,
            "keep_until": refresh_expires_at if refresh_hash else 0.0,
            "dpop_jkt": dpop_jkt,
        }
        if not refresh_hash:
            return await self._database.execute(_REDEEM, values) == 1
        return await self._database.execute(_REDEEM_AND_KEEP, {**values, "refresh_hash": refresh_hash}) == 1

    async def by_refresh_token(self, token_hash: str) -> RefreshToken | None:
        """Return the refresh token with its grant, used or not."""
        row = await self._database.one(_BY_REFRESH_TOKEN, (token_hash,))
        return refresh_token_of(row, row.values()) if row else None

    async def rotate(self, token_hash: str, new_hash: str, expires_at: float, now: float) -> bool:
        """Use up a refresh token and keep its successor, atomically and once."""
        values = {"token_hash": token_hash, "new_hash": new_hash, "expires_at": expires_at, "now": now}
        return await self._database.execute(_ROTATE, values) == 1

    async def prolong(self, token_hash: str, expires_at: float, now: float) -> bool:
        """Let a refresh token that is not rotated live until `expires_at`; False if it is not good any more."""
        values = {"token_hash": token_hash, "expires_at": expires_at, "now": now}
        return await self._database.execute(_PROLONG, values) == 1

    async def revoke(self, grant_id: str, now: float) -> None:
        """Revoke all that came or will come of the grant."""
        await self._database.execute(
            "UPDATE grants SET revoked_at = %s WHERE grant_id = %s AND revoked_at IS NULL", (now, grant_id)
        )

    async def revoke_of_person(self, user_id: str, client_id: str | None, now: float) -> None:
        """Revoke all grants of the person, at one client or at all, those for offline access too."""
        await self._database.execute(
            revoke_where(
                "grant_id IN (SELECT grant_id FROM grants WHERE sid IN (SELECT sid FROM sign_ins "
                "WHERE user_id = %(user_id)s AND ended_at IS NULL) "
                "UNION ALL SELECT grant_id FROM grants WHERE user_id = %(user_id)s AND offline) "
                "AND (%(client_id)s::text IS NULL OR client_id = %(client_id)s)"
            ),
            {"user_id": user_id, "client_id": client_id, "now": now},
        )

    async def revoke_access_token(self, jti: str, expires_at: float) -> None:
        """Revoke one access token."""
        await self._database.execute(
            insert("revoked_access_tokens", ("jti", "expires_at")) + " ON CONFLICT DO NOTHING", (jti, expires_at)
        )

    async def access_token_revoked(self, jti: str) -> bool:
        """Tell whether this one access token was revoked."""
        return await self._database.one("SELECT 1 FROM revoked_access_tokens WHERE jti = %s", (jti,)) is not None
