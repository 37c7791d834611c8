-- The address book, where its store is this database. Folders are in the clear; of an
-- entry only its place is.
CREATE TABLE book_folders (
    -- shared, or instance/<name of the instance>.
    scope          TEXT NOT NULL,
    name           TEXT NOT NULL,
    -- JSON array of the provider's groups; an empty one lets every operator in.
    allowed_groups TEXT NOT NULL,
    description    TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (scope, name)
);

-- The keys that seal entries, themselves sealed with a master key that is not here.
CREATE TABLE book_keys (
    -- UUID v7: the newest one seals.
    id         TEXT PRIMARY KEY,
    -- Which master key opens it.
    master_id  TEXT NOT NULL,
    -- base64 of nonce, ciphertext and tag (AES-256-GCM).
    sealed     TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE book_entries (
    scope      TEXT NOT NULL,
    folder     TEXT NOT NULL,
    name       TEXT NOT NULL,
    -- Counts the changes, from 1.
    version    BIGINT NOT NULL,
    -- A key cannot go while an entry needs it.
    key_id     TEXT NOT NULL REFERENCES book_keys (id),
    -- base64 of nonce, ciphertext and tag; the place is authenticated with it.
    sealed     TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (scope, folder, name),
    FOREIGN KEY (scope, folder) REFERENCES book_folders (scope, name) ON DELETE CASCADE
);

CREATE INDEX book_entries_by_key ON book_entries (key_id);
