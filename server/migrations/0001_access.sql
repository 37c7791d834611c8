-- Times are integers: milliseconds since 1970-01-01 UTC. They compare and sort alike on
-- SQLite and PostgreSQL, which RFC 3339 texts do only if all have the same precision.
-- Secrets are never stored: only the SHA-256 of at least 240 random bits, in hexadecimal.

CREATE TABLE api_keys (
    id               TEXT PRIMARY KEY,
    name             TEXT NOT NULL UNIQUE,
    secret_hash      TEXT NOT NULL UNIQUE,
    -- JSON array of networks in CIDR form; an empty one allows every address.
    allowed_networks TEXT NOT NULL,
    created_at       BIGINT NOT NULL,
    expires_at       BIGINT,
    revoked_at       BIGINT
);

-- Browsers that are signed in. They act as their API key, and end with it.
CREATE TABLE sign_ins (
    id          TEXT PRIMARY KEY,
    cookie_hash TEXT NOT NULL UNIQUE,
    api_key_id  TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);

CREATE INDEX sign_ins_by_expiry ON sign_ins (expires_at);

-- One-time links: each is deleted by its first use.
CREATE TABLE sign_in_links (
    token_hash TEXT PRIMARY KEY,
    api_key_id TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);
