"""What must be true of the provider's database whatever was killed, asked in plain SQL of either kind."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg

from idp.stores.opening import sqlite_file

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
        "SELECT alg FROM signing_keys GROUP BY alg HAVING sum(CASE state WHEN 'current' THEN 1 ELSE 0 END) <> 1 "
        "OR sum(CASE state WHEN 'next' THEN 1 ELSE 0 END) <> 1"
    ),
}
"""Each query returns what should not be there, for clients that are all told of log-outs."""

Ask = Callable[[str], list[Any]]


@contextmanager
def asking(database: str) -> Iterator[Ask]:
    """Yield a way to ask the database at that address, which may be in use."""
    file = sqlite_file(database)
    if file is not None:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
            yield lambda query: connection.execute(query).fetchall()
        return
    with psycopg.connect(database, autocommit=True) as server:

        def ask(query: str) -> list[Any]:
            cursor = server.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

        yield ask


def violations(database: str) -> list[str]:
    """Return what is wrong with a database that no provider has open any more; empty when all is well."""
    with asking(database) as ask:
        found = _sqlite_itself(ask) if sqlite_file(database) else _postgres_itself(ask)
        for name, query in NEVER.items():
            found += [f"{name}: {row[0]}" for row in ask(query)]
    return found


def undelivered(database: str) -> list[tuple[str, str]]:
    """Return the client and the state of each log-out that has not arrived; the database may be in use."""
    with asking(database) as ask:
        return [(client_id, state) for client_id, state in ask(_UNDELIVERED)]


_UNDELIVERED = "SELECT client_id, state FROM deliveries WHERE state <> 'delivered'"


def _sqlite_itself(ask: Ask) -> list[str]:
    found = [f"integrity_check: {row[0]}" for row in ask("PRAGMA integrity_check") if row[0] != "ok"]
    return found + [f"foreign_key_check: {row}" for row in ask("PRAGMA foreign_key_check")]


def _postgres_itself(ask: Ask) -> list[str]:
    """Read every row by its table, compare with what its index knows, and make each index anew.

    Checksums tell of pages that are not what was written, new indexes of rows that are there twice.
    """
    found = []
    by_table = (
        "enable_indexscan = off",
        "enable_indexonlyscan = off",
        "enable_bitmapscan = off",
        "enable_seqscan = on",
    )
    by_index = ("enable_indexscan = on", "enable_indexonlyscan = on", "enable_bitmapscan = on", "enable_seqscan = off")
    for (table,) in ask("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"):
        try:
            counts = []
            for how, what in ((by_table, "length(t::text)"), (by_index, "*")):
                for setting in how:
                    ask(f"SET {setting}")
                counts.append(ask(f"SELECT count({what}) FROM {table} t")[0][0])
            if len(set(counts)) > 1:
                found.append(f"{table}: {counts[0]} rows, of which its index knows {counts[1]}")
            ask(f"REINDEX TABLE {table}")
        except psycopg.Error as error:
            found.append(f"{table}: {error}")
    ask("RESET ALL")
    return found
