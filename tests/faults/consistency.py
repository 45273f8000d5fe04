"""What must be true of the provider's database whatever happened to the process, asked in plain SQL."""

from __future__ import annotations

import sqlite3
from pathlib import Path

NEVER = {
    "a refresh token without its grant": (
        "SELECT token_hash FROM refresh_tokens WHERE grant_id NOT IN (SELECT grant_id FROM grants)"
    ),
    "a refresh token of a code that was never redeemed": (
        "SELECT token_hash FROM refresh_tokens JOIN grants USING (grant_id) WHERE redeemed_at IS NULL"
    ),
    "a redeemed grant without a refresh token": (
        "SELECT grant_id FROM grants WHERE redeemed_at IS NOT NULL "
        "AND grant_id NOT IN (SELECT grant_id FROM refresh_tokens)"
    ),
    "two refresh tokens of one family that are both good": (
        "SELECT grant_id FROM refresh_tokens WHERE used_at IS NULL GROUP BY grant_id HAVING count(*) > 1"
    ),
    "a sign-in that lives on in an ended session": (
        "SELECT sid FROM sign_ins s JOIN sessions e USING (session_id) "
        "WHERE s.ended_at IS NULL AND e.ended_at IS NOT NULL"
    ),
    "an ended sign-in whose client was never to be told": (
        "SELECT sid FROM sign_ins WHERE ended_at IS NOT NULL AND sid NOT IN (SELECT sid FROM deliveries)"
    ),
    "a sign-in that is told twice": "SELECT sid FROM deliveries GROUP BY sid HAVING count(*) > 1",
    "a log-out for a sign-in that lives": (
        "SELECT sid FROM deliveries JOIN sign_ins USING (sid) WHERE sign_ins.ended_at IS NULL"
    ),
    "an algorithm without exactly one current and one next key": (
        "SELECT alg FROM signing_keys GROUP BY alg HAVING sum(state = 'current') <> 1 OR sum(state = 'next') <> 1"
    ),
}
"""Each query returns what should not be there, for clients that are all told of log-outs."""


def violations(database: Path) -> list[str]:
    """Return what is wrong with a database that nobody has open any more; empty when all is well."""
    with sqlite3.connect(database) as connection:
        found = [f"integrity_check: {row[0]}" for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        found += [f"foreign_key_check: {row}" for row in connection.execute("PRAGMA foreign_key_check")]
        for name, query in NEVER.items():
            found += [f"{name}: {row[0]}" for row in connection.execute(query)]
    connection.close()
    return found


def undelivered(database: Path) -> list[tuple[str, str]]:
    """Return the client and the state of each log-out that has not arrived; the database may be in use."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute("SELECT client_id, state FROM deliveries WHERE state <> 'delivered'").fetchall()
    finally:
        connection.close()
