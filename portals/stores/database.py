"""The SQLite file of one portal and its tables."""

from __future__ import annotations

import os
import secrets
import sqlite3
from pathlib import Path

Unavailable = sqlite3.OperationalError
"""The disk is full or fails, or another process holds the file: nothing was changed, and it may pass."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS flows (
  state TEXT PRIMARY KEY, browser TEXT NOT NULL, nonce TEXT NOT NULL, code_verifier TEXT NOT NULL,
  scope TEXT NOT NULL, target TEXT NOT NULL, item TEXT, started_at REAL NOT NULL, ends_at REAL NOT NULL, used_at REAL
);
CREATE INDEX IF NOT EXISTS flows_ends_at ON flows (ends_at);
CREATE TABLE IF NOT EXISTS accounts (
  sub TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, first_at REAL NOT NULL, last_at REAL NOT NULL,
  visits INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY, sub TEXT NOT NULL, sid TEXT NOT NULL, acr TEXT NOT NULL, auth_time REAL,
  nonce TEXT NOT NULL, scope TEXT NOT NULL, id_token TEXT NOT NULL, id_token_use TEXT NOT NULL,
  access_token TEXT NOT NULL, access_ends_at REAL NOT NULL, refresh_token TEXT, userinfo TEXT NOT NULL,
  created_at REAL NOT NULL, seen_at REAL NOT NULL, ends_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS sessions_sid ON sessions (sid);
CREATE INDEX IF NOT EXISTS sessions_sub ON sessions (sub);
CREATE TABLE IF NOT EXISTS ended_sids (sid TEXT PRIMARY KEY, ended_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS ended_subjects (sub TEXT PRIMARY KEY, ended_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS logout_tokens (jti TEXT PRIMARY KEY, ends_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS proofs (name BLOB PRIMARY KEY, ends_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS proofs_ends_at ON proofs (ends_at);
"""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the database at `path`, made with its folder at first, readable by its owner alone.

    Raises OSError or sqlite3.Error. synchronous=NORMAL under WAL: a power cut may lose the last sign-ins, nothing else.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=2000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(SCHEMA)
    return connection


def own_secret(connection: sqlite3.Connection, name: str) -> bytes:
    """Return this portal's 256-bit secret called `name`, made when it is first asked for."""
    connection.execute("INSERT OR IGNORE INTO secrets VALUES (?, ?)", (name, secrets.token_bytes(32)))
    row = connection.execute("SELECT value FROM secrets WHERE name = ?", (name,)).fetchone()
    return bytes(row["value"])
