-- Version 6: nothing that is asked for is looked for in a whole table, and a roam writes as few trees as that allows.
--
-- A code names its grant, so that its hash needs no index; grant_id begins with the time, so that a grant's age needs
-- none. What is not for offline access is found through its sign-in.
CREATE TABLE grants_6 (
    grant_id TEXT PRIMARY KEY,                  -- begins with milliseconds since the epoch, in hexadecimal
    code_hash TEXT NOT NULL,
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
    keep_until REAL NOT NULL,
    claims TEXT,                                -- JSON, as the claims parameter (Core 5.5); NULL if nothing was asked
    dpop_jkt TEXT                               -- RFC 7638 thumbprint
) STRICT, WITHOUT ROWID;
INSERT INTO grants_6 SELECT
    grant_id, code_hash, client_id, user_id, session_id, sid, sub, redirect_uri, scope, resource, nonce, code_challenge,
    auth_time, level, amr, issued_at, code_expires_at, offline, redeemed_at, revoked_at, keep_until, claims, dpop_jkt
    FROM grants ORDER BY grant_id;
DROP TABLE grants;
ALTER TABLE grants_6 RENAME TO grants;
CREATE INDEX grants_of_sign_in ON grants (sid);
CREATE INDEX grants_offline_of_person ON grants (user_id) WHERE offline = 1;
CREATE INDEX grants_offline_of_client ON grants (client_id) WHERE offline = 1;

-- The sweep goes through these from end to end.
DROP INDEX pushed_requests_by_age;
DROP INDEX assertions_by_age;
DROP INDEX refresh_tokens_by_age;

-- When the session is to be looked at next: it has not run out before. Moved on then, not with each use.
ALTER TABLE sessions ADD COLUMN look_at REAL NOT NULL DEFAULT 0;
CREATE INDEX sessions_to_look_at ON sessions (look_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX sign_ins_ended ON sign_ins (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX sign_ins_of_client ON sign_ins (client_id);
CREATE INDEX consents_of_client ON consents (client_id);
CREATE INDEX interactions_pushed ON interactions (pushed) WHERE pushed IS NOT NULL;
CREATE INDEX revoked_access_tokens_by_age ON revoked_access_tokens (expires_at);
CREATE INDEX deliveries_finished ON deliveries (finished_at) WHERE state <> 'pending';
CREATE INDEX audit_refusals ON audit (id) WHERE event LIKE '%.refused';
