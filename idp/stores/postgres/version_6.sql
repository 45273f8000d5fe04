-- Version 6: a roam writes as few indexes as the statements allow; sqlite/version_6.sql says how.
ALTER TABLE grants DROP CONSTRAINT grants_code_hash_key;
DROP INDEX grants_of_person;
DROP INDEX grants_of_session;
DROP INDEX grants_by_age;
CREATE INDEX grants_offline_of_person ON grants (user_id) WHERE offline;
CREATE INDEX grants_offline_of_client ON grants (client_id) WHERE offline;

-- When the session is to be looked at next: it has not run out before. Moved on then, not with each use.
ALTER TABLE sessions ADD COLUMN look_at DOUBLE PRECISION NOT NULL DEFAULT 0;
DROP INDEX sessions_by_end;
DROP INDEX sessions_by_use;
CREATE INDEX sessions_to_look_at ON sessions (look_at) WHERE ended_at IS NULL;

DROP INDEX sign_ins_of_session;
DROP INDEX deliveries_of_sign_in;
DROP INDEX audit_by_age;
CREATE INDEX sign_ins_of_client ON sign_ins (client_id);
CREATE INDEX consents_of_client ON consents (client_id);
