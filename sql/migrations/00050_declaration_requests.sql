-- What declaration requests need to be created and signed.

-- +goose Up
CREATE SEQUENCE il.declaration_request START 1000000;
COMMENT ON SEQUENCE il.declaration_request IS 'Numbers of declarations are made from it.';

CREATE TABLE prm.related_legal_entities (
    id             uuid        PRIMARY KEY,
    merged_from_id uuid        NOT NULL REFERENCES prm.legal_entities (id),
    merged_to_id   uuid        NOT NULL REFERENCES prm.legal_entities (id),
    reason         text        NOT NULL,
    reason_date    date        NOT NULL,
    type           text        NOT NULL CHECK (type IN ('ACCESSION', 'MERGING', 'DIVIDING', 'SEPARATING')),
    is_active      boolean     NOT NULL,
    inserted_by    uuid        NOT NULL,
    inserted_at    timestamptz NOT NULL,
    updated_by     uuid        NOT NULL,
    updated_at     timestamptz NOT NULL
);
CREATE INDEX related_legal_entities_from_idx ON prm.related_legal_entities (merged_from_id, merged_to_id) WHERE is_active;
COMMENT ON TABLE prm.related_legal_entities IS 'Which legal entity goes on with the work of another one after a reorganisation.';

-- +goose Down
DROP TABLE prm.related_legal_entities;
DROP SEQUENCE il.declaration_request;
