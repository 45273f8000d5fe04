-- Version 2: what sqlite/schema.sql and version_2.sql make together.
CREATE TABLE secrets (name TEXT PRIMARY KEY, value BYTEA NOT NULL);
CREATE TABLE flows (
  state TEXT PRIMARY KEY, browser TEXT NOT NULL, nonce TEXT NOT NULL, code_verifier TEXT NOT NULL,
  scope TEXT NOT NULL, target TEXT NOT NULL, item TEXT, started_at DOUBLE PRECISION NOT NULL,
  ends_at DOUBLE PRECISION NOT NULL, used_at DOUBLE PRECISION
);
CREATE INDEX flows_ends_at ON flows (ends_at);
CREATE TABLE accounts (
  sub TEXT PRIMARY KEY, number BIGINT NOT NULL UNIQUE, first_at DOUBLE PRECISION NOT NULL,
  last_at DOUBLE PRECISION NOT NULL, visits BIGINT NOT NULL
);
CREATE TABLE sessions (
  id TEXT PRIMARY KEY, sub TEXT NOT NULL, sid TEXT NOT NULL, acr TEXT NOT NULL, auth_time DOUBLE PRECISION,
  nonce TEXT NOT NULL, scope TEXT NOT NULL, id_token TEXT NOT NULL, id_token_use TEXT NOT NULL,
  access_token TEXT NOT NULL, access_ends_at DOUBLE PRECISION NOT NULL, refresh_token TEXT, userinfo TEXT NOT NULL,
  created_at DOUBLE PRECISION NOT NULL, seen_at DOUBLE PRECISION NOT NULL, ends_at DOUBLE PRECISION NOT NULL,
  renewing_by TEXT, renewing_until DOUBLE PRECISION
);
CREATE INDEX sessions_sid ON sessions (sid);
CREATE INDEX sessions_sub ON sessions (sub);
CREATE INDEX sessions_ends_at ON sessions (ends_at);
CREATE INDEX sessions_seen_at ON sessions (seen_at);
CREATE TABLE ended_sids (sid TEXT PRIMARY KEY, ended_at DOUBLE PRECISION NOT NULL);
CREATE INDEX ended_sids_ended_at ON ended_sids (ended_at);
CREATE TABLE ended_subjects (sub TEXT PRIMARY KEY, ended_at DOUBLE PRECISION NOT NULL);
CREATE INDEX ended_subjects_ended_at ON ended_subjects (ended_at);
CREATE TABLE logout_tokens (jti TEXT PRIMARY KEY, ends_at DOUBLE PRECISION NOT NULL);
CREATE INDEX logout_tokens_ends_at ON logout_tokens (ends_at);
CREATE TABLE proofs (name BYTEA PRIMARY KEY, ends_at DOUBLE PRECISION NOT NULL);
CREATE INDEX proofs_ends_at ON proofs (ends_at);
