-- One row for each recording; its file bears the same name.
CREATE TABLE recordings (
    name         TEXT PRIMARY KEY,
    session_id   TEXT NOT NULL,
    session_type TEXT NOT NULL,
    -- What people know the session by.
    label        TEXT NOT NULL,
    hostname     TEXT,
    username     TEXT,
    creator_id   TEXT NOT NULL,
    creator_name TEXT NOT NULL,
    -- recording, complete, interrupted (the gateway died) or failed (it could not be written).
    status       TEXT NOT NULL,
    started_at   BIGINT NOT NULL,
    -- NULL while it is written.
    ended_at     BIGINT,
    duration_ms  BIGINT NOT NULL,
    -- Of the plain stream, in bytes.
    size_bytes   BIGINT NOT NULL,
    -- Of the file, in bytes.
    stored_bytes BIGINT NOT NULL
);

CREATE INDEX recordings_by_start ON recordings (started_at);
CREATE INDEX recordings_by_session ON recordings (session_id);
