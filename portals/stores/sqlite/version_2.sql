-- Which process renews a session's tokens, and until when it may; and what is swept is found by its time.
ALTER TABLE sessions ADD COLUMN renewing_by TEXT;
ALTER TABLE sessions ADD COLUMN renewing_until REAL;
CREATE INDEX sessions_ends_at ON sessions (ends_at);
CREATE INDEX sessions_seen_at ON sessions (seen_at);
CREATE INDEX ended_sids_ended_at ON ended_sids (ended_at);
CREATE INDEX ended_subjects_ended_at ON ended_subjects (ended_at);
CREATE INDEX logout_tokens_ends_at ON logout_tokens (ends_at);
