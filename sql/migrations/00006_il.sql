-- Declaration requests (wiki, data model of declaration requests).

-- +goose Up
CREATE SCHEMA il;

CREATE TABLE il.declaration_requests (
    id                            uuid        PRIMARY KEY,
    data                          jsonb,
    status                        text        NOT NULL CHECK (status IN ('NEW', 'APPROVED', 'SIGNED', 'REJECTED', 'CANCELLED', 'EXPIRED')),
    status_reason                 text,
    authentication_method_current jsonb,
    documents                     jsonb,
    printout_content              text,
    data_to_be_signed             jsonb,
    declaration_id                uuid,
    declaration_number            text        NOT NULL UNIQUE,
    parent_declaration_id         uuid,
    authorize_with                uuid,
    mpi_id                        uuid,
    channel                       text        NOT NULL CHECK (channel IN ('MIS', 'PIS', 'CABINET')),
    is_shareable                  boolean,
    overlimit                     boolean,
    system_declaration_limit      integer,
    current_declaration_count     integer,
    data_legal_entity_id          uuid,
    data_employee_id              uuid,
    data_start_date_year          integer,
    data_person_tax_id            text,
    data_person_first_name        text,
    data_person_last_name         text,
    data_person_birth_date        date,
    inserted_by                   uuid        NOT NULL,
    inserted_at                   timestamptz NOT NULL,
    updated_by                    uuid        NOT NULL,
    updated_at                    timestamptz NOT NULL
);
CREATE UNIQUE INDEX declaration_requests_declaration_id_key ON il.declaration_requests (declaration_id) WHERE declaration_id IS NOT NULL;
CREATE INDEX declaration_requests_legal_entity_idx ON il.declaration_requests (data_legal_entity_id, inserted_at DESC, id);
CREATE INDEX declaration_requests_employee_idx ON il.declaration_requests (data_employee_id, status, inserted_at DESC);
CREATE INDEX declaration_requests_person_idx ON il.declaration_requests (mpi_id, status, data_start_date_year);
COMMENT ON COLUMN il.declaration_requests.data IS 'V3: start_date, end_date, person_id, employee_id, division_id, legal_entity_id. The expiry job nulls it, the data_ copies (all but data_employee_id) and authentication_method_current.';
COMMENT ON COLUMN il.declaration_requests.authentication_method_current IS 'type OTP, OFFLINE or NA, and number: the phone as it was at Create, unmasked, since codes are sent to it.';
COMMENT ON COLUMN il.declaration_requests.mpi_id IS 'mpi.persons.id';

-- +goose Down
DROP SCHEMA il CASCADE;
