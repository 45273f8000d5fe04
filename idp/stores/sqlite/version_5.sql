-- Version 5: security events are chained, one chain for each process that writes them.
ALTER TABLE audit ADD COLUMN chain TEXT;

CREATE TABLE audit_chains (
    chain TEXT PRIMARY KEY,
    begun_at REAL NOT NULL,
    after INTEGER NOT NULL,                     -- its entries have higher ids
    seen_at REAL NOT NULL,
    closed_at REAL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_seals (
    chain TEXT NOT NULL,
    number INTEGER NOT NULL,
    sealed_at REAL NOT NULL,
    previous BLOB NOT NULL,
    entries BLOB NOT NULL,                      -- id, time, whether a refusal, SHA-256 of each
    seal BLOB NOT NULL,
    PRIMARY KEY (chain, number)
) STRICT;
CREATE INDEX audit_seals_by_age ON audit_seals (sealed_at);
