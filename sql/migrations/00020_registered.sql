-- What a team has registered for itself: clients, legal entities, users and persons that no public operation creates.

-- +goose Up
CREATE SCHEMA admin;

CREATE TABLE admin.registered (
    id          uuid        PRIMARY KEY,
    kind        text        NOT NULL CHECK (kind IN ('mis', 'legal_entity', 'user', 'person')),
    inserted_at timestamptz NOT NULL
);
COMMENT ON COLUMN admin.registered.id IS 'Of the row in mithril.clients, prm.legal_entities, mithril.users or mpi.persons.';

-- +goose Down
DROP SCHEMA admin CASCADE;
