-- The keys under which data lie, so that a server with other keys does not start.

-- +goose Up
CREATE TABLE admin.keys (
    name        text        NOT NULL CHECK (name IN ('SERVER_KEY', 'PERSON_PK_KEYPHRASE')),
    id          text        NOT NULL,
    inserted_at timestamptz NOT NULL,
    PRIMARY KEY (name, id)
);
COMMENT ON TABLE admin.keys IS 'Each key that a server has written with, until esoz rekey has sealed everything with a newer one.';
COMMENT ON COLUMN admin.keys.id IS 'Derived from the key with HKDF: the key is recognised by it and cannot be computed from it.';

-- +goose Down
DROP TABLE admin.keys;
