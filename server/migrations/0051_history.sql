-- Bytes of Guacamole instructions between the gateway and all who looked at a session.
ALTER TABLE sessions ADD COLUMN bytes_in BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN bytes_out BIGINT NOT NULL DEFAULT 0;

-- Ids sort by time: one range of them serves pages and times.
CREATE INDEX sessions_by_creator ON sessions (creator_id, id);
