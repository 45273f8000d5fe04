-- The state of version 4: versions are counted as in sqlite/, and the first that PostgreSQL had was this one.
-- Later versions are files of their own, applied in order by migrations.py.
--
-- `fillfactor` leaves room for the rows that every sign-in changes, so that such a change stays on its page and touches
-- no index.
CREATE TABLE people (
    user_id TEXT PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    level INTEGER NOT NULL CHECK (level BETWEEN 1 AND 4),
    frozen_at DOUBLE PRECISION,
    claims TEXT NOT NULL,                       -- JSON: real_name, home_region, id_number, ...
    updated_at BIGINT NOT NULL
);

CREATE TABLE login_failures (
    account TEXT NOT NULL,                      -- keyed hash: people type passwords into the wrong field
    address TEXT NOT NULL,
    failures INTEGER NOT NULL,
    last_at DOUBLE PRECISION NOT NULL,
    blocked_until DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (account, address)
);
CREATE INDEX login_failures_by_age ON login_failures (last_at);

CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,                -- hash of the cookie
    user_id TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    level INTEGER NOT NULL,
    amr TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    seen_at DOUBLE PRECISION NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL,
    ended_at DOUBLE PRECISION,
    end_reason TEXT,
    succeeded_by TEXT                           -- the session that the same person began by logging in again
) WITH (fillfactor = 80);
CREATE INDEX sessions_of_person ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_end ON sessions (expires_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_use ON sessions (seen_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE sign_ins (
    sid TEXT PRIMARY KEY,
    session_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    sub TEXT NOT NULL,
    started_at DOUBLE PRECISION NOT NULL,
    last_at DOUBLE PRECISION NOT NULL,
    ended_at DOUBLE PRECISION,
    end_reason TEXT
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX sign_ins_live ON sign_ins (session_id, client_id) WHERE ended_at IS NULL;
CREATE INDEX sign_ins_of_session ON sign_ins (session_id);
CREATE INDEX sign_ins_of_person ON sign_ins (user_id) WHERE ended_at IS NULL;
CREATE INDEX sign_ins_ended ON sign_ins (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE interactions (
    interaction_id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    parameters TEXT NOT NULL,
    browser TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL,
    reauthenticate BOOLEAN NOT NULL,
    authenticated TEXT,
    decision TEXT,
    decided_by TEXT,
    completed_at DOUBLE PRECISION,
    source TEXT NOT NULL,
    pushed TEXT,
    dpop_jkt TEXT,
    network TEXT NOT NULL                       -- from where it came, so that no one place fills the disk
);
CREATE INDEX interactions_waiting ON interactions (network, expires_at) WHERE completed_at IS NULL;
CREATE INDEX interactions_by_age ON interactions (expires_at);
CREATE INDEX interactions_pushed ON interactions (pushed) WHERE pushed IS NOT NULL;

CREATE TABLE pushed_requests (
    request_uri_hash TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    parameters TEXT NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL,
    source TEXT NOT NULL,
    dpop_jkt TEXT,
    used_at DOUBLE PRECISION
) WITH (fillfactor = 80);
CREATE INDEX pushed_requests_by_age ON pushed_requests (expires_at);

CREATE TABLE registered_clients (
    client_id TEXT PRIMARY KEY,
    metadata TEXT NOT NULL,                     -- JSON, RFC 7591 2
    registration_token_hash TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL,
    secret_hash TEXT,
    vouched BOOLEAN NOT NULL                    -- let in by somebody, not registered openly
);

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
    auth_time BIGINT NOT NULL,
    level INTEGER NOT NULL,
    amr TEXT NOT NULL,
    issued_at DOUBLE PRECISION NOT NULL,
    code_expires_at DOUBLE PRECISION NOT NULL,
    offline BOOLEAN NOT NULL,
    redeemed_at DOUBLE PRECISION,
    revoked_at DOUBLE PRECISION,
    claims TEXT,                                -- JSON, as the claims parameter (Core 5.5); NULL if nothing was asked
    dpop_jkt TEXT,                              -- RFC 7638 thumbprint
    keep_until DOUBLE PRECISION NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX grants_of_sign_in ON grants (sid);
CREATE INDEX grants_of_person ON grants (user_id) WHERE revoked_at IS NULL;
CREATE INDEX grants_of_session ON grants (session_id);
CREATE INDEX grants_by_age ON grants (keep_until);

CREATE TABLE refresh_tokens (
    token_hash TEXT PRIMARY KEY,
    grant_id TEXT NOT NULL,
    issued_at DOUBLE PRECISION NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL,
    used_at DOUBLE PRECISION
) WITH (fillfactor = 80);
CREATE INDEX refresh_tokens_by_age ON refresh_tokens (expires_at);

CREATE TABLE revoked_access_tokens (jti TEXT PRIMARY KEY, expires_at DOUBLE PRECISION NOT NULL);
CREATE INDEX revoked_access_tokens_by_age ON revoked_access_tokens (expires_at);

CREATE TABLE consents (
    user_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    basis TEXT NOT NULL,
    granted_at DOUBLE PRECISION NOT NULL,
    withdrawn_at DOUBLE PRECISION,
    PRIMARY KEY (user_id, client_id, scope)
);

CREATE TABLE assertions (
    client_id TEXT NOT NULL,
    jti TEXT NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (client_id, jti)
);
CREATE INDEX assertions_by_age ON assertions (expires_at);

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    alg TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('next', 'current', 'retired')),
    public_jwk TEXT NOT NULL,
    private BYTEA NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    activated_at DOUBLE PRECISION,
    retired_at DOUBLE PRECISION
);
CREATE UNIQUE INDEX signing_keys_one ON signing_keys (alg, state) WHERE state IN ('next', 'current');

CREATE TABLE secrets (name TEXT PRIMARY KEY, value BYTEA NOT NULL);

CREATE TABLE deliveries (
    delivery_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    sid TEXT NOT NULL,
    sub TEXT NOT NULL,
    uri TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at DOUBLE PRECISION NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    finished_at DOUBLE PRECISION,
    outcome TEXT
);
CREATE INDEX deliveries_pending ON deliveries (client_id, attempts, next_at) WHERE state = 'pending';
CREATE INDEX deliveries_of_person ON deliveries (user_id, delivery_id);
CREATE INDEX deliveries_of_sign_in ON deliveries (sid);
CREATE INDEX deliveries_finished ON deliveries (finished_at) WHERE state <> 'pending';

CREATE TABLE audit (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at DOUBLE PRECISION NOT NULL,
    event TEXT NOT NULL,
    client_id TEXT,
    user_id TEXT,
    address TEXT,
    incident TEXT,
    detail TEXT NOT NULL
);
CREATE INDEX audit_of_incident ON audit (incident) WHERE incident IS NOT NULL;
CREATE INDEX audit_by_age ON audit (at);
CREATE INDEX audit_refusals ON audit (id) WHERE event LIKE '%.refused';
