-- Version 1. Later versions are files of their own, applied in order by database.py.
CREATE TABLE people (
    user_id TEXT PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    level INTEGER NOT NULL CHECK (level BETWEEN 1 AND 4),
    frozen_at REAL,
    claims TEXT NOT NULL,                       -- JSON: real_name, home_region, id_number, ...
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE login_failures (
    account TEXT NOT NULL,                      -- keyed hash: people type passwords into the wrong field
    address TEXT NOT NULL,
    failures INTEGER NOT NULL,
    last_at REAL NOT NULL,
    blocked_until REAL NOT NULL,
    PRIMARY KEY (account, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,                -- hash of the cookie
    user_id TEXT NOT NULL,
    auth_time INTEGER NOT NULL,
    level INTEGER NOT NULL,
    amr TEXT NOT NULL,
    created_at REAL NOT NULL,
    seen_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    ended_at REAL,
    end_reason TEXT,
    succeeded_by TEXT                           -- the session that the same person began by logging in again
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_person ON sessions (user_id) WHERE ended_at IS NULL;

CREATE TABLE sign_ins (
    sid TEXT PRIMARY KEY,
    session_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    sub TEXT NOT NULL,
    started_at REAL NOT NULL,
    last_at REAL NOT NULL,
    ended_at REAL,
    end_reason TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX sign_ins_live ON sign_ins (session_id, client_id) WHERE ended_at IS NULL;
CREATE INDEX sign_ins_of_person ON sign_ins (user_id) WHERE ended_at IS NULL;

CREATE TABLE interactions (
    interaction_id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    parameters TEXT NOT NULL,
    browser TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    reauthenticate INTEGER NOT NULL,
    authenticated TEXT,
    decision TEXT,
    decided_by TEXT,
    completed_at REAL
) STRICT, WITHOUT ROWID;
CREATE INDEX interactions_by_age ON interactions (expires_at);

CREATE TABLE grants (
    grant_id TEXT PRIMARY KEY,
    code_hash TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    sid TEXT NOT NULL,
    sub TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL,
    resource TEXT,
    nonce TEXT,
    code_challenge TEXT,
    auth_time INTEGER NOT NULL,
    level INTEGER NOT NULL,
    amr TEXT NOT NULL,
    issued_at REAL NOT NULL,
    code_expires_at REAL NOT NULL,
    offline INTEGER NOT NULL,
    redeemed_at REAL,
    revoked_at REAL,
    keep_until REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_of_sign_in ON grants (sid);
CREATE INDEX grants_of_person ON grants (user_id) WHERE revoked_at IS NULL;
CREATE INDEX grants_of_session ON grants (session_id);
CREATE INDEX grants_by_age ON grants (keep_until);

CREATE TABLE refresh_tokens (
    token_hash TEXT PRIMARY KEY,
    grant_id TEXT NOT NULL,
    issued_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    used_at REAL
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_by_age ON refresh_tokens (expires_at);

CREATE TABLE revoked_access_tokens (jti TEXT PRIMARY KEY, expires_at REAL NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE consents (
    user_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    basis TEXT NOT NULL,
    granted_at REAL NOT NULL,
    withdrawn_at REAL,
    PRIMARY KEY (user_id, client_id, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE assertions (
    client_id TEXT NOT NULL,
    jti TEXT NOT NULL,
    expires_at REAL NOT NULL,
    PRIMARY KEY (client_id, jti)
) STRICT, WITHOUT ROWID;
CREATE INDEX assertions_by_age ON assertions (expires_at);

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    alg TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('next', 'current', 'retired')),
    public_jwk TEXT NOT NULL,
    private BLOB NOT NULL,
    created_at REAL NOT NULL,
    activated_at REAL,
    retired_at REAL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX signing_keys_one ON signing_keys (alg, state) WHERE state IN ('next', 'current');

CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
    delivery_id INTEGER PRIMARY KEY,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    sid TEXT NOT NULL,
    sub TEXT NOT NULL,
    uri TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    finished_at REAL,
    outcome TEXT
) STRICT;
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE state = 'pending';
CREATE INDEX deliveries_of_person ON deliveries (user_id, delivery_id);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    event TEXT NOT NULL,
    client_id TEXT,
    user_id TEXT,
    address TEXT,
    incident TEXT,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_of_incident ON audit (incident) WHERE incident IS NOT NULL;
