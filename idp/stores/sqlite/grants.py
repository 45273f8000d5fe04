"""Authorization codes and the refresh tokens that come of them, in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from idp.model import ClaimsRequest, Grant, RefreshToken, Wish
from idp.stores.sqlite.database import Database

_COLUMNS = (
    "grant_id, client_id, user_id, session_id, sid, sub, redirect_uri, scope, resource, nonce, code_challenge, "
    "auth_time, level, amr, issued_at, code_expires_at, offline, redeemed_at, revoked_at, "
    "claims, dpop_jkt"
)
_NAMES = tuple(_COLUMNS.split(", "))
_GRANT_COLUMNS = ", ".join(f"grants.{name}" for name in _NAMES)
_ISSUE = (
    f"INSERT INTO grants (code_hash, keep_until, {_COLUMNS}) SELECT :code_hash, :code_expires_at + 600, "
    + ", ".join(f":{name}" for name in _NAMES)
    + " WHERE NOT EXISTS (SELECT 1 FROM sign_ins WHERE sid = :sid AND ended_at IS NOT NULL)"
)


class SqliteGrants:
    """Authorization codes and the families of refresh tokens that come of them; only hashes of secrets are kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def issue(self, grant: Grant, code_hash: str) -> bool:
        """Keep a new grant under the hash of its code, unless its sign-in has ended; atomic. False if it has."""
        cursor = self._database.execute(
            _ISSUE,
            {
                "code_hash": code_hash,
                **grant.__dict__,
                "scope": " ".join(grant.scope),
                "amr": " ".join(grant.amr),
                "offline": int(grant.offline),
                "claims": _claims_text(grant.claims),
            },
        )
        return cursor.rowcount == 1

    async def by_code(self, code_hash: str) -> Grant | None:
        """Return the grant of a code, redeemed or not."""
        row = self._database.one(f"SELECT {_COLUMNS} FROM grants WHERE code_hash = ?", (code_hash,))
        return _grant(row) if row else None

    async def get(self, grant_id: str) -> Grant | None:
        """Return the grant."""
        row = self._database.one(f"SELECT {_COLUMNS} FROM grants WHERE grant_id = ?", (grant_id,))
        return _grant(row) if row else None

    async def redeem(
        self,
        grant_id: str,
        now: float,
        refresh_hash: str | None,
        refresh_expires_at: float,
        dpop_jkt: str | None = None,
    ) -> bool:
        """Redeem the code, atomically and once for ever (RFC 6749 4.1.2), and keep the first refresh token."""
        if refresh_hash is None:
            return self._redeem(grant_id, now, 0.0, dpop_jkt)
        with self._database.transaction():
            if not self._redeem(grant_id, now, refresh_expires_at, dpop_jkt):
                return False
            self._keep_refresh_token(refresh_hash, grant_id, now, refresh_expires_at)
            return True

    def _redeem(self, grant_id: str, now: float, keep_until: float, dpop_jkt: str | None) -> bool:
        cursor = self._database.execute(
            "UPDATE grants SET redeemed_at = ?, keep_until = max(keep_until, ?), dpop_jkt = ? "
            "WHERE grant_id = ? AND redeemed_at IS NULL AND revoked_at IS NULL AND code_expires_at > ?",
            (now, keep_until, dpop_jkt, grant_id, now),
        )
        return cursor.rowcount == 1

    async def by_refresh_token(self, token_hash: str) -> RefreshToken | None:
        """Return the refresh token with its grant, used or not."""
        row = self._database.one(
            f"SELECT {_GRANT_COLUMNS}, r.issued_at AS token_issued_at, r.expires_at, r.used_at, "
            "s.ended_at IS NOT NULL OR e.ended_at IS NOT NULL AS sign_in_ended "
            "FROM refresh_tokens r JOIN grants USING (grant_id) "
            "LEFT JOIN sign_ins s ON s.sid = grants.sid LEFT JOIN sessions e ON e.session_id = grants.session_id "
            "WHERE r.token_hash = ?",
            (token_hash,),
        )
        if row is None:
            return None
        return RefreshToken(
            token_hash,
            _grant(row),
            row["token_issued_at"],
            row["expires_at"],
            row["used_at"],
            bool(row["sign_in_ended"]),
        )

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
            # A family that is used lives on, so its grant must not be swept before its youngest token.
            self._database.execute(
                "UPDATE grants SET keep_until = max(keep_until, ?) WHERE grant_id = ?", (expires_at, row["grant_id"])
            )
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
            self._database.execute(
                "UPDATE grants SET keep_until = max(keep_until, ?) WHERE grant_id = ?", (expires_at, row["grant_id"])
            )
            return True

    def _keep_refresh_token(self, token_hash: str, grant_id: str, now: float, expires_at: float) -> None:
        self._database.execute(
            "INSERT INTO refresh_tokens (token_hash, grant_id, issued_at, expires_at) VALUES (?, ?, ?, ?)",
            (token_hash, grant_id, now, expires_at),
        )

    async def revoke(self, grant_id: str, now: float) -> None:
        """Revoke all that came or will come of the grant."""
        self._database.execute(
            "UPDATE grants SET revoked_at = ? WHERE grant_id = ? AND revoked_at IS NULL", (now, grant_id)
        )

    async def revoke_of_person(self, user_id: str, client_id: str | None, now: float) -> None:
        """Revoke all grants of the person, at one client or at all, those for offline access too."""
        self._database.execute(
            "UPDATE grants SET revoked_at = ? WHERE user_id = ? AND (? IS NULL OR client_id = ?) "
            "AND revoked_at IS NULL",
            (now, user_id, client_id, client_id),
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


def _grant(row: sqlite3.Row) -> Grant:
    # Of a row with more columns than a grant's, those come first.
    values = dict(zip(_NAMES, row, strict=False))
    values["scope"] = tuple(values["scope"].split())
    values["amr"] = tuple(values["amr"].split())
    values["offline"] = bool(values["offline"])
    values["claims"] = _claims(values["claims"])
    return Grant(**values)


def _claims_text(claims: ClaimsRequest) -> str | None:
    if not claims.userinfo and not claims.id_token:
        return None
    return json.dumps({"userinfo": _wishes_out(claims.userinfo), "id_token": _wishes_out(claims.id_token)})


def _wishes_out(wishes: Mapping[str, Wish]) -> dict[str, Any]:
    return {name: [wish.essential, list(wish.values)] for name, wish in wishes.items()}


def _claims(text: str | None) -> ClaimsRequest:
    if text is None:
        return ClaimsRequest()
    kept = json.loads(text)
    return ClaimsRequest(_wishes_in(kept["userinfo"]), _wishes_in(kept["id_token"]))


def _wishes_in(kept: Mapping[str, Any]) -> dict[str, Wish]:
    return {name: Wish(essential, tuple(values)) for name, (essential, values) in kept.items()}
