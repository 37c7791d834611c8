-- One row for every session, kept as history after its end.
CREATE TABLE sessions (
    id              TEXT PRIMARY KEY,
    session_type    TEXT NOT NULL,
    name            TEXT,
    creator_id      TEXT NOT NULL,
    creator_name    TEXT NOT NULL,
    -- Where it goes, for people: a host name or a socket's path.
    hostname        TEXT,
    url             TEXT,
    username        TEXT,
    engine          TEXT NOT NULL,
    -- The gateway that runs it.
    node            TEXT NOT NULL,
    -- pending, active, completed, error or expired.
    status          TEXT NOT NULL,
    -- One sentence; NULL until the end.
    ended_because   TEXT,
    created_at      BIGINT NOT NULL,
    started_at      BIGINT,
    ended_at        BIGINT
);

CREATE INDEX sessions_by_creation ON sessions (created_at);
CREATE INDEX sessions_by_status ON sessions (status, node);

-- What admits to a session without signing in: share tokens, opening links, the cookies
-- that opening links turn into, and WebSocket tickets. A single-use pass is deleted by
-- its use.
CREATE TABLE session_passes (
    token_hash TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    -- NULL for a ticket: it stands for its bearer's identity, not for a session.
    session_id TEXT REFERENCES sessions (id) ON DELETE CASCADE,
    -- JSON of the identity that a ticket carries.
    identity   TEXT,
    expires_at BIGINT NOT NULL
);

CREATE INDEX session_passes_by_session ON session_passes (session_id);
CREATE INDEX session_passes_by_expiry ON session_passes (expires_at);

-- The key that each target showed first, or that an administrator entered.
CREATE TABLE host_keys (
    endpoint    TEXT PRIMARY KEY,
    public_key  TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    added_at    BIGINT NOT NULL
);
