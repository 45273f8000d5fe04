-- Version 5: security events are chained, one chain for each process that writes them.
ALTER TABLE audit ADD COLUMN chain TEXT;

CREATE TABLE audit_chains (
    chain TEXT PRIMARY KEY,
    begun_at DOUBLE PRECISION NOT NULL,
    after BIGINT NOT NULL,                      -- its entries have higher ids
    seen_at DOUBLE PRECISION NOT NULL,
    closed_at DOUBLE PRECISION
);

CREATE TABLE audit_seals (
    chain TEXT NOT NULL,
    number BIGINT NOT NULL,
    sealed_at DOUBLE PRECISION NOT NULL,
    previous BYTEA NOT NULL,
    entries BYTEA NOT NULL,                     -- id, time, whether a refusal, SHA-256 of each
    seal BYTEA NOT NULL,
    PRIMARY KEY (chain, number)
);
CREATE INDEX audit_seals_by_age ON audit_seals (sealed_at);
