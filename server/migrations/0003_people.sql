-- People who sign in by OpenID Connect. Who somebody is, is said by issuer and subject
-- alone: an e-mail address may change hands.
CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    issuer        TEXT NOT NULL,
    subject       TEXT NOT NULL,
    email         TEXT,
    -- The same in lower case, for look-ups.
    email_key     TEXT,
    name          TEXT NOT NULL,
    -- viewer, operator, poweruser or admin.
    role          TEXT NOT NULL,
    -- Where the role comes from: mapping, admin or default.
    role_source   TEXT NOT NULL,
    -- The role that an admin set by hand; it counts where no mapping matches.
    admin_role    TEXT,
    -- JSON array of the groups that the provider named at the last sign-in.
    groups        TEXT NOT NULL,
    disabled_at   BIGINT,
    created_at    BIGINT NOT NULL,
    last_login_at BIGINT,
    UNIQUE (issuer, subject)
);

CREATE INDEX users_by_email ON users (email_key);

-- Which group of the provider gives which role. Rows stay, so that no id comes again.
CREATE TABLE group_mappings (
    id         BIGINT NOT NULL PRIMARY KEY,
    oidc_group TEXT NOT NULL,
    role       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT
);

CREATE UNIQUE INDEX group_mappings_by_group ON group_mappings (oidc_group)
    WHERE deleted_at IS NULL;

-- What users' programs sign in with. Rows stay: they are revoked, and outlive their user.
CREATE TABLE user_tokens (
    id           BIGINT NOT NULL PRIMARY KEY,
    user_id      TEXT NOT NULL,
    name         TEXT NOT NULL,
    token_hash   TEXT NOT NULL UNIQUE,
    -- NULL: the user's role, whatever it is at the time.
    max_role     TEXT,
    -- The token that this one was made with; it ends with it.
    parent_id    BIGINT,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT,
    revoked_at   BIGINT
);

CREATE UNIQUE INDEX user_tokens_by_name ON user_tokens (user_id, name)
    WHERE revoked_at IS NULL;
CREATE INDEX user_tokens_by_parent ON user_tokens (parent_id);

-- A browser acts as an API key or as a user: one of both is set. Whoever was signed in
-- before these tables signs in again.
DROP TABLE sign_ins;
CREATE TABLE sign_ins (
    id          TEXT PRIMARY KEY,
    cookie_hash TEXT NOT NULL UNIQUE,
    api_key_id  TEXT REFERENCES api_keys (id) ON DELETE CASCADE,
    user_id     TEXT REFERENCES users (id) ON DELETE CASCADE,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);

CREATE INDEX sign_ins_by_expiry ON sign_ins (expires_at);
CREATE INDEX sign_ins_by_user ON sign_ins (user_id);

-- Browsers that were sent to the provider. Each row is deleted by its first use; nonce
-- and PKCE verifier come from the cookie's secret, which only the browser holds.
CREATE TABLE oidc_flows (
    state_hash  TEXT PRIMARY KEY,
    cookie_hash TEXT NOT NULL,
    -- The path of this site to go to afterwards.
    next        TEXT NOT NULL,
    expires_at  BIGINT NOT NULL
);

CREATE INDEX oidc_flows_by_expiry ON oidc_flows (expires_at);
