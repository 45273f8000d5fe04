-- Version 2: pushed authorization requests, the claims parameter, keys that tokens are bound to, dynamic registration.
ALTER TABLE grants ADD COLUMN claims TEXT;      -- JSON, as the claims parameter (Core 5.5); NULL if nothing was asked
ALTER TABLE grants ADD COLUMN dpop_jkt TEXT;    -- RFC 7638 thumbprint

ALTER TABLE interactions ADD COLUMN source TEXT NOT NULL DEFAULT 'plain';
ALTER TABLE interactions ADD COLUMN pushed TEXT;
ALTER TABLE interactions ADD COLUMN dpop_jkt TEXT;

CREATE TABLE pushed_requests (
    request_uri_hash TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    parameters TEXT NOT NULL,
    expires_at REAL NOT NULL,
    source TEXT NOT NULL,
    dpop_jkt TEXT,
    used_at REAL
) STRICT, WITHOUT ROWID;
CREATE INDEX pushed_requests_by_age ON pushed_requests (expires_at);

CREATE TABLE registered_clients (
    client_id TEXT PRIMARY KEY,
    metadata TEXT NOT NULL,                     -- JSON, RFC 7591 2
    registration_token_hash TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    changed_at REAL NOT NULL,
    secret_hash TEXT
) STRICT, WITHOUT ROWID;
