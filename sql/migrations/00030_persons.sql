-- What registration knows about a person (wiki 599228503, data model of person
-- requests; tables of MPI).

-- +goose Up
ALTER TABLE mpi.persons
    ADD COLUMN birth_country                   text,
    ADD COLUMN birth_settlement                text,
    ADD COLUMN email                           text,
    ADD COLUMN secret                          text,
    ADD COLUMN emergency_contact               jsonb,
    ADD COLUMN preferred_way_communication     text,
    ADD COLUMN patient_signed                  boolean,
    ADD COLUMN process_disclosure_data_consent boolean;
ALTER TABLE mpi.persons ADD CONSTRAINT persons_preferred_way_communication_check
    CHECK (preferred_way_communication IN ('email', 'phone')) NOT VALID;

CREATE TABLE mpi.person_documents (
    person_id       uuid NOT NULL REFERENCES mpi.persons (id),
    type            text NOT NULL,
    number          text NOT NULL,
    issued_by       text NOT NULL,
    issued_at       date NOT NULL,
    expiration_date date,
    issuing_country text,
    PRIMARY KEY (person_id, type)
);
CREATE INDEX person_documents_number_idx ON mpi.person_documents (lower(number));

CREATE TABLE mpi.person_phones (
    person_id uuid NOT NULL REFERENCES mpi.persons (id),
    type      text NOT NULL,
    number    text NOT NULL,
    PRIMARY KEY (person_id, type)
);
CREATE INDEX person_phones_number_idx ON mpi.person_phones (number);

CREATE TABLE mpi.person_addresses (
    person_id       uuid     NOT NULL REFERENCES mpi.persons (id),
    position        smallint NOT NULL,
    type            text     NOT NULL,
    country         text     NOT NULL,
    area            text     NOT NULL,
    region          text,
    settlement      text     NOT NULL,
    settlement_type text     NOT NULL,
    settlement_id   uuid     NOT NULL,
    street_type     text,
    street          text,
    building        text,
    apartment       text,
    zip             text,
    PRIMARY KEY (person_id, position)
);

CREATE TABLE mpi.confidant_person_relationship_documents (
    relationship_id uuid NOT NULL REFERENCES mpi.confidant_person_relationships (id),
    type            text NOT NULL,
    number          text NOT NULL,
    issued_by       text NOT NULL,
    issued_at       date NOT NULL,
    active_to       date,
    PRIMARY KEY (relationship_id, type)
);

CREATE TABLE mpi.person_verifications (
    person_id  uuid        PRIMARY KEY REFERENCES mpi.persons (id),
    streams    jsonb       NOT NULL,
    updated_by uuid        NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON COLUMN mpi.person_verifications.streams IS 'drfo, dracs_death, nhs, unzr, mvs_passport, dms_passport, dracs_birth, dracs_name_change, legal_capacity: each an object with verification_status, verification_reason and what else the stream knows.';

CREATE TABLE il.person_requests (
    id                            uuid        PRIMARY KEY,
    version                       smallint    NOT NULL CHECK (version IN (1, 2, 3)),
    data                          jsonb,
    status                        text        NOT NULL CHECK (status IN ('NEW', 'APPROVED', 'SIGNED', 'REJECTED', 'CANCELLED', 'EXPIRED')),
    mpi_id                        uuid,
    authentication_method_current jsonb,
    documents                     jsonb,
    printout_form                 text,
    authorize_with                uuid,
    legal_entity_id               uuid        NOT NULL,
    channel                       text        NOT NULL CHECK (channel IN ('MIS', 'PIS', 'CABINET')),
    tax_id                        text,
    first_name                    text,
    last_name                     text,
    birth_date                    date,
    person_documents              jsonb,
    inserted_by                   uuid        NOT NULL,
    inserted_at                   timestamptz NOT NULL,
    updated_by                    uuid        NOT NULL,
    updated_at                    timestamptz NOT NULL
);
CREATE INDEX person_requests_legal_entity_idx ON il.person_requests (legal_entity_id, inserted_at DESC, id);
CREATE INDEX person_requests_mpi_idx ON il.person_requests (mpi_id) WHERE status IN ('NEW', 'APPROVED');
CREATE INDEX person_requests_tax_id_idx ON il.person_requests (tax_id) WHERE status IN ('NEW', 'APPROVED');
COMMENT ON COLUMN il.person_requests.data IS 'person, patient_signed and process_disclosure_data_consent as they were sent. The expiry job nulls it and all other personal columns.';
COMMENT ON COLUMN il.person_requests.authentication_method_current IS 'type OTP, OFFLINE or NA, and phone_number: unmasked, since codes are sent to it.';

CREATE TABLE il.media (
    name        text        PRIMARY KEY,
    content     bytea       NOT NULL,
    inserted_at timestamptz NOT NULL
);
COMMENT ON TABLE il.media IS 'Scans that clients have sent to signed addresses, sealed with AES-GCM under a server key.';

-- +goose Down
DROP TABLE il.media;
DROP TABLE il.person_requests;
DROP TABLE mpi.person_verifications;
DROP TABLE mpi.confidant_person_relationship_documents;
DROP TABLE mpi.person_addresses;
DROP TABLE mpi.person_phones;
DROP TABLE mpi.person_documents;
ALTER TABLE mpi.persons
    DROP COLUMN birth_country, DROP COLUMN birth_settlement, DROP COLUMN email, DROP COLUMN secret, DROP COLUMN emergency_contact,
    DROP COLUMN preferred_way_communication, DROP COLUMN patient_signed, DROP COLUMN process_disclosure_data_consent;
