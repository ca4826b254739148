-- Declarations between patients and doctors.

-- +goose Up
CREATE SCHEMA ops;

CREATE TABLE ops.declarations (
    id                     uuid        PRIMARY KEY,
    declaration_number     text        NOT NULL UNIQUE,
    declaration_request_id uuid        NOT NULL,
    person_id              uuid        NOT NULL,
    employee_id            uuid        NOT NULL,
    division_id            uuid        NOT NULL,
    legal_entity_id        uuid        NOT NULL,
    start_date             date        NOT NULL,
    end_date               date        NOT NULL,
    signed_at              timestamptz NOT NULL,
    status                 text        NOT NULL CHECK (status IN ('active', 'pending_verification', 'terminated', 'closed', 'rejected')),
    is_active              boolean     NOT NULL,
    scope                  text,
    reason                 text,
    reason_description     text,
    overlimit              boolean,
    seed                   text        NOT NULL,
    created_by             uuid        NOT NULL,
    updated_by             uuid        NOT NULL,
    inserted_at            timestamptz NOT NULL,
    updated_at             timestamptz NOT NULL
);
CREATE INDEX declarations_person_id_idx ON ops.declarations (person_id, legal_entity_id) WHERE status = 'active' AND is_active;
COMMENT ON COLUMN ops.declarations.seed IS 'Hash of the newest block of the declaration chain at the time of signing.';

-- +goose Down
DROP SCHEMA ops CASCADE;
