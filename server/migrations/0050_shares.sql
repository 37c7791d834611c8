-- What lets others join a session without signing in; each may be ended by itself.
CREATE TABLE session_shares (
    id          TEXT PRIMARY KEY,
    session_id  TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    token_hash  TEXT NOT NULL UNIQUE,
    -- view or interact.
    mode        TEXT NOT NULL,
    -- For whom it was made, in the words of its maker.
    label       TEXT,
    created_by  TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);

CREATE INDEX session_shares_by_session ON session_shares (session_id);
CREATE INDEX session_shares_by_expiry ON session_shares (expires_at);

-- They were kept there before; no session outlives the start of the gateway.
DELETE FROM session_passes WHERE kind IN ('share-view', 'share-interact');
