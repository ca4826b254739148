-- The register of providers: legal entities, parties, divisions, employees.

-- +goose Up
CREATE SCHEMA prm;

CREATE TABLE prm.legal_entities (
    id                       uuid        PRIMARY KEY,
    name                     text,
    short_name               text,
    public_name              text,
    status                   text        NOT NULL CHECK (status IN ('ACTIVE', 'SUSPENDED', 'CLOSED', 'REORGANIZED')),
    status_reason            text,
    reason                   text,
    type                     text        NOT NULL,
    owner_property_type      text,
    legal_form               text,
    edrpou                   text        NOT NULL,
    kveds                    jsonb,
    addresses                jsonb       NOT NULL DEFAULT '[]',
    registration_address     jsonb,
    residence_address        jsonb,
    phones                   jsonb,
    email                    text,
    website                  text,
    beneficiary              text,
    receiver_funds_code      text,
    accreditation            jsonb,
    archive                  jsonb,
    is_active                boolean     NOT NULL DEFAULT false,
    mis_verified             text        NOT NULL DEFAULT 'NOT_VERIFIED' CHECK (mis_verified IN ('VERIFIED', 'NOT_VERIFIED')),
    nhs_verified             boolean     NOT NULL DEFAULT false,
    nhs_reviewed             boolean     NOT NULL DEFAULT false,
    nhs_comment              text        NOT NULL DEFAULT '',
    nhs_unverified_at        timestamptz,
    edr_verified             boolean,
    created_by_mis_client_id uuid,
    inserted_by              uuid        NOT NULL,
    inserted_at              timestamptz NOT NULL,
    updated_by               uuid        NOT NULL,
    updated_at               timestamptz NOT NULL
);
CREATE UNIQUE INDEX legal_entities_active_key ON prm.legal_entities (edrpou, type) WHERE status = 'ACTIVE';

CREATE TABLE prm.parties (
    id                                uuid        PRIMARY KEY,
    first_name                        text        NOT NULL,
    last_name                         text        NOT NULL,
    second_name                       text,
    birth_date                        date        NOT NULL,
    gender                            text        NOT NULL,
    tax_id                            text,
    no_tax_id                         boolean     NOT NULL DEFAULT false,
    phones                            jsonb,
    verification_status               text        NOT NULL CHECK (verification_status IN ('VERIFIED', 'NOT_VERIFIED', 'VERIFICATION_NEEDED', 'CHANGES_NEEDED')),
    dracs_death_verification_status   text        CHECK (dracs_death_verification_status IN ('VERIFIED', 'NOT_VERIFIED', 'VERIFICATION_NEEDED', 'VERIFICATION_NOT_NEEDED', 'CHANGES_NEEDED')),
    dracs_death_verification_reason   text,
    dracs_death_verification_comment  text,
    dracs_death_unverified_at         timestamptz,
    dracs_death_synced_at             timestamptz,
    inserted_by                       uuid        NOT NULL,
    inserted_at                       timestamptz NOT NULL,
    updated_by                        uuid        NOT NULL,
    updated_at                        timestamptz NOT NULL
);
COMMENT ON TABLE prm.parties IS 'Natural persons who work for legal entities; patients are mpi.persons.';
COMMENT ON COLUMN prm.parties.verification_status IS 'Cumulative over the registers that a party is checked against; of these only the death register (DRACS) is read by a documented check.';

CREATE TABLE prm.party_users (
    id          uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL UNIQUE,
    party_id    uuid        NOT NULL REFERENCES prm.parties (id),
    inserted_at timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
CREATE INDEX party_users_party_id_idx ON prm.party_users (party_id);
COMMENT ON COLUMN prm.party_users.user_id IS 'mithril.users.id';

CREATE TABLE prm.divisions (
    id              uuid             PRIMARY KEY,
    external_id     text,
    name            text             NOT NULL,
    type            text             NOT NULL,
    mountain_group  boolean          NOT NULL,
    phones          jsonb            NOT NULL,
    email           text,
    legal_entity_id uuid             NOT NULL REFERENCES prm.legal_entities (id),
    longitude       double precision,
    latitude        double precision,
    status          text             NOT NULL CHECK (status IN ('ACTIVE', 'INACTIVE')),
    is_active       boolean          NOT NULL,
    working_hours   jsonb,
    dls_id          text,
    dls_verified    boolean,
    inserted_by     uuid             NOT NULL,
    inserted_at     timestamptz      NOT NULL,
    updated_by      uuid             NOT NULL,
    updated_at      timestamptz      NOT NULL,
    CONSTRAINT divisions_location_check CHECK ((longitude IS NULL) = (latitude IS NULL))
);
CREATE INDEX divisions_legal_entity_id_idx ON prm.divisions (legal_entity_id, inserted_at, id);
COMMENT ON COLUMN prm.divisions.longitude IS 'With latitude, the location; the original keeps both in one PostGIS point.';
COMMENT ON COLUMN prm.divisions.is_active IS 'Technical flag: false hides the division from its operations. Deactivation changes status only.';

-- lower() knows Cyrillic only where the cluster's locale does, and not every machine
-- has such a locale.
CREATE FUNCTION prm.fold_case(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT translate(lower(value), 'АБВГҐДЕЄЖЗИІЇЙКЛМНОПРСТУФХЦЧШЩЬЮЯ', 'абвгґдеєжзиіїйклмнопрстуфхцчшщьюя') $$;

CREATE TABLE prm.division_addresses (
    id              uuid        PRIMARY KEY,
    division_id     uuid        NOT NULL REFERENCES prm.divisions (id) ON DELETE RESTRICT,
    position        smallint    NOT NULL,
    type            text        NOT NULL,
    country         text        NOT NULL,
    area            text        NOT NULL,
    region          text,
    settlement      text        NOT NULL,
    settlement_type text        NOT NULL,
    settlement_id   uuid        NOT NULL,
    street_type     text,
    street          text,
    building        text,
    apartment       text,
    zip             text,
    inserted_by     uuid        NOT NULL,
    inserted_at     timestamptz NOT NULL,
    updated_by      uuid        NOT NULL,
    updated_at      timestamptz NOT NULL
);
CREATE INDEX division_addresses_division_id_idx ON prm.division_addresses (division_id, position);
COMMENT ON COLUMN prm.division_addresses.position IS 'Place in the request''s array, so that addresses come back in the order in which they were sent.';

CREATE TABLE prm.employees (
    id              uuid        PRIMARY KEY,
    party_id        uuid        NOT NULL REFERENCES prm.parties (id),
    division_id     uuid        REFERENCES prm.divisions (id),
    legal_entity_id uuid        NOT NULL REFERENCES prm.legal_entities (id),
    employee_type   text        NOT NULL,
    position        text        NOT NULL,
    status          text        NOT NULL CHECK (status IN ('NEW', 'APPROVED', 'DISMISSED', 'REORGANIZED')),
    status_reason   text,
    is_active       boolean     NOT NULL,
    start_date      date        NOT NULL,
    end_date        date,
    speciality      jsonb,
    additional_info jsonb,
    inserted_by     uuid        NOT NULL,
    inserted_at     timestamptz NOT NULL,
    updated_by      uuid        NOT NULL,
    updated_at      timestamptz NOT NULL
);
CREATE INDEX employees_party_id_idx ON prm.employees (party_id, legal_entity_id);
CREATE INDEX employees_legal_entity_id_idx ON prm.employees (legal_entity_id);
CREATE INDEX employees_division_id_idx ON prm.employees (division_id) WHERE status = 'APPROVED' AND is_active;

CREATE TABLE prm.healthcare_services (
    id                  uuid        PRIMARY KEY,
    division_id         uuid        NOT NULL REFERENCES prm.divisions (id),
    legal_entity_id     uuid        NOT NULL REFERENCES prm.legal_entities (id),
    license_id          uuid,
    category            jsonb,
    type                jsonb,
    speciality_type     text,
    providing_condition text,
    status              text        NOT NULL CHECK (status IN ('ACTIVE', 'INACTIVE')),
    comment             text,
    coverage_area       uuid[],
    available_time      jsonb,
    not_available       jsonb,
    is_active           boolean     NOT NULL DEFAULT true,
    inserted_by         uuid        NOT NULL,
    inserted_at         timestamptz NOT NULL,
    updated_by          uuid        NOT NULL,
    updated_at          timestamptz NOT NULL
);
CREATE INDEX healthcare_services_division_id_idx ON prm.healthcare_services (division_id) WHERE status = 'ACTIVE';

CREATE TABLE prm.equipment (
    id                   uuid        PRIMARY KEY,
    division_id          uuid        REFERENCES prm.divisions (id),
    legal_entity_id      uuid        NOT NULL REFERENCES prm.legal_entities (id),
    device_definition_id uuid,
    employee_id          uuid        REFERENCES prm.employees (id),
    parent_id            uuid        REFERENCES prm.equipment (id),
    status               text        NOT NULL CHECK (status IN ('ACTIVE', 'INACTIVE', 'ENTERED_IN_ERROR')),
    availability_status  text        NOT NULL,
    type                 text        NOT NULL,
    is_active            boolean     NOT NULL DEFAULT true,
    inserted_by          uuid        NOT NULL,
    inserted_at          timestamptz NOT NULL,
    updated_by           uuid        NOT NULL,
    updated_at           timestamptz NOT NULL
);
CREATE INDEX equipment_division_id_idx ON prm.equipment (division_id) WHERE status = 'ACTIVE';

CREATE TABLE prm.medical_program_provision (
    id                 uuid        PRIMARY KEY,
    medical_program_id uuid        NOT NULL,
    division_id        uuid        NOT NULL REFERENCES prm.divisions (id),
    contract_number    text,
    is_active          boolean     NOT NULL DEFAULT true,
    deactivate_reason  text        CHECK (deactivate_reason IN ('MANUAL_DEACTIVATION', 'AUTO_DIVISION_DEACTIVATION', 'AUTO_DIVISION_DLS_NOT_VERIFIED', 'AUTO_LEGAL_ENTITY_DEACTIVATION', 'AUTO_MEDICAL_PROGRAM_DEACTIVATION', 'AUTO_CONTRACT_TERMINATION')),
    inserted_by        uuid        NOT NULL,
    inserted_at        timestamptz NOT NULL,
    updated_by         uuid        NOT NULL,
    updated_at         timestamptz NOT NULL
);
CREATE INDEX medical_program_provision_division_id_idx ON prm.medical_program_provision (division_id) WHERE is_active;
COMMENT ON TABLE prm.medical_program_provision IS 'Medical programs that a division (a pharmacy) takes part in.';

CREATE TABLE prm.dictionaries (
    id          uuid        PRIMARY KEY,
    name        text        NOT NULL UNIQUE,
    description text        NOT NULL DEFAULT '',
    labels      text[]      NOT NULL DEFAULT '{}',
    is_active   boolean     NOT NULL DEFAULT false,
    is_editable boolean     NOT NULL DEFAULT false,
    inserted_by uuid        NOT NULL,
    inserted_at timestamptz NOT NULL,
    updated_by  uuid        NOT NULL,
    updated_at  timestamptz NOT NULL
);

CREATE TABLE prm.dictionary_values (
    id            uuid        PRIMARY KEY,
    dictionary_id uuid        NOT NULL REFERENCES prm.dictionaries (id) ON DELETE CASCADE,
    code          text        NOT NULL,
    description   text        NOT NULL,
    is_active     boolean     NOT NULL DEFAULT true,
    -- Checked at commit, so that an import may bring parents and children in any order.
    parent_id     uuid        REFERENCES prm.dictionary_values (id) DEFERRABLE INITIALLY DEFERRED,
    inserted_by   uuid        NOT NULL,
    inserted_at   timestamptz NOT NULL,
    updated_by    uuid        NOT NULL,
    updated_at    timestamptz NOT NULL,
    UNIQUE (dictionary_id, code)
);
CREATE INDEX dictionary_values_parent_id_idx ON prm.dictionary_values (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE prm.cache_versions (
    name       text        PRIMARY KEY,
    version    bigint      NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE prm.cache_versions IS 'Dictionaries and addresses are served from memory. Whoever changes them raises the version in the same transaction, and every process compares it with its own.';

CREATE TABLE prm.global_parameters (
    id          uuid        PRIMARY KEY,
    parameter   text        NOT NULL UNIQUE,
    value       text        NOT NULL,
    inserted_by uuid        NOT NULL,
    inserted_at timestamptz NOT NULL,
    updated_by  uuid        NOT NULL,
    updated_at  timestamptz NOT NULL
);

CREATE TABLE prm.audit_log (
    id          uuid        PRIMARY KEY,
    actor_id    text        NOT NULL,
    resource    text        NOT NULL,
    resource_id text        NOT NULL,
    changeset   jsonb       NOT NULL,
    inserted_at timestamptz NOT NULL
);
CREATE INDEX audit_log_resource_idx ON prm.audit_log (resource, resource_id, inserted_at);
COMMENT ON TABLE prm.audit_log IS 'One row per change, of PostgreSQL rows and of documents alike (resource is the table or the collection), written in the transaction of the change.';

-- +goose Down
DROP SCHEMA prm CASCADE;
