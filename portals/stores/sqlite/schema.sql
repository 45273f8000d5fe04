-- Version 1. Files from before versions were counted have these tables, so that each may be there.
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
