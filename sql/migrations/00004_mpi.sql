-- The patients' master index: the columns that the checks of this system read
-- (wiki, data model of MPI).

-- +goose Up
CREATE SCHEMA mpi;

CREATE TABLE mpi.persons (
    id                  uuid        PRIMARY KEY,
    first_name          text        NOT NULL,
    last_name           text        NOT NULL,
    second_name         text,
    birth_date          date        NOT NULL,
    gender              text        NOT NULL CHECK (gender IN ('MALE', 'FEMALE')),
    tax_id              text,
    no_tax_id           boolean     NOT NULL DEFAULT false,
    unzr                text,
    status              text        NOT NULL CHECK (status IN ('active', 'inactive')),
    is_active           boolean     NOT NULL,
    verification_status text        NOT NULL CHECK (verification_status IN ('VERIFIED', 'NOT_VERIFIED', 'VERIFICATION_NEEDED', 'CHANGES_NEEDED')),
    death_date          date,
    inserted_by         uuid        NOT NULL,
    inserted_at         timestamptz NOT NULL,
    updated_by          uuid        NOT NULL,
    updated_at          timestamptz NOT NULL
);

CREATE TABLE mpi.person_authentication_methods (
    id           uuid        PRIMARY KEY,
    person_id    uuid        NOT NULL REFERENCES mpi.persons (id),
    type         text        NOT NULL CHECK (type IN ('OTP', 'OFFLINE', 'THIRD_PERSON', 'NA')),
    phone_number text,
    value        uuid        REFERENCES mpi.persons (id),
    alias        text,
    is_active    boolean     NOT NULL,
    started_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    inserted_by  uuid        NOT NULL,
    inserted_at  timestamptz NOT NULL,
    updated_by   uuid        NOT NULL,
    updated_at   timestamptz NOT NULL,
    CONSTRAINT person_authentication_methods_otp_check CHECK (type <> 'OTP' OR phone_number IS NOT NULL),
    CONSTRAINT person_authentication_methods_third_person_check CHECK ((type = 'THIRD_PERSON') = (value IS NOT NULL))
);
CREATE INDEX person_authentication_methods_person_id_idx ON mpi.person_authentication_methods (person_id, inserted_at);
CREATE INDEX person_authentication_methods_value_idx ON mpi.person_authentication_methods (value) WHERE value IS NOT NULL;
COMMENT ON TABLE mpi.person_authentication_methods IS 'A person may have several methods of one type; a method counts while is_active and not past ended_at.';
COMMENT ON COLUMN mpi.person_authentication_methods.value IS 'The person who confirms in place of this one.';

CREATE TABLE mpi.confidant_person_relationships (
    id                  uuid        PRIMARY KEY,
    person_id           uuid        NOT NULL REFERENCES mpi.persons (id),
    confidant_person_id uuid        NOT NULL REFERENCES mpi.persons (id),
    relation_type       text        NOT NULL CHECK (relation_type IN ('PRIMARY', 'SECONDARY')),
    is_active           boolean     NOT NULL,
    active_to           timestamptz,
    verification_status text        NOT NULL CHECK (verification_status IN ('VERIFIED', 'NOT_VERIFIED', 'VERIFICATION_NEEDED')),
    verification_reason text,
    inserted_by         uuid        NOT NULL,
    inserted_at         timestamptz NOT NULL,
    updated_by          uuid        NOT NULL,
    updated_at          timestamptz NOT NULL
);
CREATE INDEX confidant_person_relationships_person_id_idx ON mpi.confidant_person_relationships (person_id, confidant_person_id);
CREATE INDEX confidant_person_relationships_confidant_idx ON mpi.confidant_person_relationships (confidant_person_id);

-- +goose Down
DROP SCHEMA mpi CASCADE;
