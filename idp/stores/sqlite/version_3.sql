-- Version 3: whether a registered client was let in by somebody, or registered openly and may be swept.
ALTER TABLE registered_clients ADD COLUMN vouched INTEGER NOT NULL DEFAULT 0;
