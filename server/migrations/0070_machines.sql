-- Machines that admins entered, for the VM portal.
CREATE TABLE machines (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    -- The user who owns it; NULL: nobody.
    owner_id       TEXT,
    -- JSON list of groups of the identity provider whose members may open it.
    allowed_groups TEXT NOT NULL,
    -- JSON list of IP addresses, in the order to show them.
    addresses      TEXT NOT NULL,
    -- running, or whatever it is instead.
    state          TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);

-- Connections that the VM portal gave out: a session each, known by another name.
CREATE TABLE machine_connections (
    -- <protocol>-<machine>-<unix milliseconds>
    id           TEXT PRIMARY KEY,
    session_id   TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    machine_name TEXT NOT NULL,
    protocol     TEXT NOT NULL,
    hostname     TEXT NOT NULL,
    port         BIGINT NOT NULL,
    username     TEXT,
    creator_id   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    -- After this it is over, and nobody lists it.
    expires_at   BIGINT NOT NULL
);

CREATE INDEX machine_connections_by_creator ON machine_connections (creator_id, created_at);
CREATE INDEX machine_connections_by_expiry ON machine_connections (expires_at);
CREATE INDEX machine_connections_by_session ON machine_connections (session_id);
