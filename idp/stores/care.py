"""What an operator does with a whole database: bring it forward, look after it, copy it away and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

TABLES = (
    "people",
    "consents",
    "login_failures",
    "sessions",
    "sign_ins",
    "interactions",
    "pushed_requests",
    "registered_clients",
    "grants",
    "refresh_tokens",
    "revoked_access_tokens",
    "assertions",
    "signing_keys",
    "secrets",
    "deliveries",
    "audit",
    "audit_chains",
    "audit_seals",
)

FAULTS: Mapping[str, str] = {
    "sign-ins live in a session that has ended": (
        "SELECT count(*) FROM sign_ins JOIN sessions ON sessions.session_id = sign_ins.session_id "
        "WHERE sign_ins.ended_at IS NULL AND sessions.ended_at IS NOT NULL"
    ),
    "grants outlive their sign-in without being for offline access": (
        "SELECT count(*) FROM grants JOIN sign_ins ON sign_ins.sid = grants.sid "
        "WHERE NOT grants.offline AND grants.revoked_at IS NULL AND sign_ins.ended_at IS NOT NULL"
    ),
    "refresh tokens belong to no grant": (
        "SELECT count(*) FROM refresh_tokens WHERE NOT EXISTS "
        "(SELECT 1 FROM grants WHERE grants.grant_id = refresh_tokens.grant_id)"
    ),
    "refresh tokens came of a code that was not redeemed": (
        "SELECT count(*) FROM refresh_tokens JOIN grants ON grants.grant_id = refresh_tokens.grant_id "
        "WHERE grants.redeemed_at IS NULL"
    ),
    "algorithms have not exactly one current key and one next": (
        "SELECT count(*) FROM (SELECT alg FROM signing_keys GROUP BY alg "
        "HAVING sum(CASE state WHEN 'current' THEN 1 ELSE 0 END) <> 1 "
        "OR sum(CASE state WHEN 'next' THEN 1 ELSE 0 END) <> 1) AS odd"
    ),
}
"""What is never so, whatever happens at once or is cut off: what it is, and how many there are of it."""


class BadBackup(Exception):
    """A file that is no backup, or one that cannot be used here; the text is one sentence."""


@dataclass(frozen=True)
class Condition:
    """What a check found: versions, how many rows there are by table, and what is wrong, in words."""

    version: int
    newest: int
    rows: Mapping[str, int]
    faults: Sequence[str]


class Care(Protocol):
    """One database as a whole."""

    async def migrate(self) -> tuple[int, int]:
        """Make the tables or bring them forward; return the version before and after. Raises StoreUnavailable."""
        ...

    async def check(self) -> Condition:
        """Look at everything, which may take a while, and change nothing. Raises StoreUnavailable."""
        ...

    async def backup(self, file: Path) -> Mapping[str, int]:
        """Copy everything, as it was at one moment, to a file that is not there yet; return the rows by table.

        The provider may go on meanwhile. Raises StoreUnavailable, OSError.
        """
        ...

    async def restore(self, file: Path) -> Mapping[str, int]:
        """Put a backup in the place of everything, as a whole or not at all, and bring it forward; return the rows.

        Raises BadBackup, StoreUnavailable, OSError.
        """
        ...
