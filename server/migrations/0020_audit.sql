-- What happened, and who did it. Rows are added and never changed.
CREATE TABLE audit (
    -- UUID v7: sorts by time.
    id            TEXT PRIMARY KEY,
    created_at    BIGINT NOT NULL,
    action        TEXT NOT NULL,
    -- ok, refused or error.
    outcome       TEXT NOT NULL,
    actor_id      TEXT,
    actor_name    TEXT,
    actor_email   TEXT,
    auth_type     TEXT,
    ip_addr       TEXT,
    subject_type  TEXT,
    subject_id    TEXT,
    subject_name  TEXT,
    -- E-mail address of the user whom it concerns, where that is not the actor.
    subject_email TEXT,
    -- JSON object of texts.
    details       TEXT NOT NULL
);

CREATE INDEX audit_by_action ON audit (action, id);
CREATE INDEX audit_by_actor ON audit (actor_id, id);
