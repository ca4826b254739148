-- Medical programs and the services that they pay for. NHS keeps these tables; no
-- public operation writes them.

-- +goose Up
CREATE TABLE prm.medical_programs (
    id                               uuid        PRIMARY KEY,
    name                             text        NOT NULL,
    type                             text        NOT NULL CHECK (type IN ('MEDICATION', 'SERVICE', 'DEVICE')),
    funding_source                   text        NOT NULL,
    mr_blank_type                    text,
    is_active                        boolean     NOT NULL,
    medication_request_allowed       boolean     NOT NULL DEFAULT false,
    medication_request_allowed_text  text,
    medication_dispense_allowed      boolean     NOT NULL DEFAULT false,
    medication_dispense_allowed_text text,
    device_request_allowed           boolean,
    device_dispense_allowed          boolean,
    medical_program_settings         jsonb,
    medical_program_settings_text    text,
    inserted_by                      uuid        NOT NULL,
    inserted_at                      timestamptz NOT NULL,
    updated_by                       uuid        NOT NULL,
    updated_at                       timestamptz NOT NULL
);

CREATE TABLE prm.services (
    id              uuid        PRIMARY KEY,
    code            text        NOT NULL,
    name            text        NOT NULL,
    category        text        NOT NULL,
    is_active       boolean     NOT NULL,
    is_composition  boolean     NOT NULL DEFAULT false,
    request_allowed boolean     NOT NULL,
    inserted_by     uuid        NOT NULL,
    inserted_at     timestamptz NOT NULL,
    updated_by      uuid        NOT NULL,
    updated_at      timestamptz NOT NULL
);
CREATE UNIQUE INDEX services_active_code_key ON prm.services (code) WHERE is_active;

CREATE TABLE prm.service_groups (
    id              uuid        PRIMARY KEY,
    code            text        NOT NULL,
    name            text        NOT NULL,
    parent_id       uuid        REFERENCES prm.service_groups (id),
    is_active       boolean     NOT NULL,
    request_allowed boolean     NOT NULL,
    inserted_by     uuid        NOT NULL,
    inserted_at     timestamptz NOT NULL,
    updated_by      uuid        NOT NULL,
    updated_at      timestamptz NOT NULL
);
CREATE UNIQUE INDEX service_groups_active_code_key ON prm.service_groups (code) WHERE is_active;

CREATE TABLE prm.service_inclusions (
    id               uuid        PRIMARY KEY,
    service_id       uuid        NOT NULL REFERENCES prm.services (id),
    service_group_id uuid        NOT NULL REFERENCES prm.service_groups (id),
    alias            text,
    is_active        boolean     NOT NULL,
    inserted_by      uuid        NOT NULL,
    inserted_at      timestamptz NOT NULL,
    updated_by       uuid        NOT NULL,
    updated_at       timestamptz NOT NULL
);
CREATE UNIQUE INDEX service_inclusions_active_key ON prm.service_inclusions (service_id, service_group_id) WHERE is_active;
COMMENT ON COLUMN prm.service_inclusions.alias IS 'Name of the service in this group, when it differs.';

CREATE TABLE prm.program_services (
    id               uuid        PRIMARY KEY,
    program_id       uuid        NOT NULL REFERENCES prm.medical_programs (id),
    service_id       uuid        REFERENCES prm.services (id),
    service_group_id uuid        REFERENCES prm.service_groups (id),
    consumer_price   numeric(12, 2),
    description      text,
    is_active        boolean     NOT NULL,
    request_allowed  boolean     NOT NULL,
    inserted_by      uuid        NOT NULL,
    inserted_at      timestamptz NOT NULL,
    updated_by       uuid        NOT NULL,
    updated_at       timestamptz NOT NULL,
    CONSTRAINT program_services_one_check CHECK ((service_id IS NULL) <> (service_group_id IS NULL))
);
CREATE UNIQUE INDEX program_services_active_service_key ON prm.program_services (program_id, service_id) WHERE is_active;
CREATE UNIQUE INDEX program_services_active_group_key ON prm.program_services (program_id, service_group_id) WHERE is_active;
COMMENT ON TABLE prm.program_services IS 'A program that includes a group includes each of its services.';

-- +goose Down
DROP TABLE prm.program_services;
DROP TABLE prm.service_inclusions;
DROP TABLE prm.service_groups;
DROP TABLE prm.services;
DROP TABLE prm.medical_programs;
