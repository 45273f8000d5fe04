-- Version 4: from where the requests come that wait for a person, so that no one place fills the disk with them.
ALTER TABLE interactions ADD COLUMN network TEXT NOT NULL DEFAULT '';
CREATE INDEX interactions_waiting ON interactions (network, expires_at) WHERE completed_at IS NULL;
