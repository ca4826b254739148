-- Device definitions and the medical programs that pay for them. NHS keeps these tables;
-- no public operation writes them.

-- +goose Up
CREATE TABLE prm.device_definitions (
    id                  uuid        PRIMARY KEY,
    external_id         text,
    classification_type text,
    description         text,
    manufacturer        jsonb,
    model_number        text,
    part_number         text,
    note                text,
    packaging_type      text        NOT NULL,
    packaging_count     integer     NOT NULL CHECK (packaging_count > 0),
    packaging_unit      text        NOT NULL,
    parent_id           uuid        REFERENCES prm.device_definitions (id),
    properties          jsonb,
    is_active           boolean     NOT NULL,
    inserted_by         uuid        NOT NULL,
    inserted_at         timestamptz NOT NULL,
    updated_by          uuid        NOT NULL,
    updated_at          timestamptz NOT NULL
);
CREATE INDEX device_definitions_listed_idx ON prm.device_definitions (is_active, inserted_at, id);
CREATE INDEX device_definitions_model_number_idx ON prm.device_definitions (model_number);
CREATE INDEX device_definitions_classification_type_idx ON prm.device_definitions (classification_type);
COMMENT ON COLUMN prm.device_definitions.classification_type IS 'Of definitions that version 1 of the API shows; the others have only rows of device_definition_classification_types.';
COMMENT ON COLUMN prm.device_definitions.packaging_count IS 'Devices in a package, in packaging_unit.';
COMMENT ON COLUMN prm.device_definitions.properties IS 'A list of {type: {system, code}, value_…}, as version 2 of the API shows it.';

CREATE TABLE prm.device_definition_names (
    id                   uuid PRIMARY KEY,
    device_definition_id uuid NOT NULL REFERENCES prm.device_definitions (id),
    name                 text NOT NULL,
    type                 text NOT NULL CHECK (type IN ('user_friendly', 'registered', 'patient_reported'))
);
CREATE UNIQUE INDEX device_definition_names_key ON prm.device_definition_names (device_definition_id, type, name);

CREATE TABLE prm.device_definition_classification_types (
    id                   uuid PRIMARY KEY,
    device_definition_id uuid NOT NULL REFERENCES prm.device_definitions (id),
    system               text NOT NULL,
    code                 text NOT NULL
);
CREATE UNIQUE INDEX device_definition_classification_types_key ON prm.device_definition_classification_types (device_definition_id, system, code);
CREATE INDEX device_definition_classification_types_code_idx ON prm.device_definition_classification_types (code, system);

CREATE TABLE prm.program_devices (
    id                         uuid        PRIMARY KEY,
    medical_program_id         uuid        NOT NULL REFERENCES prm.medical_programs (id),
    device_definition_id       uuid        NOT NULL REFERENCES prm.device_definitions (id),
    reimbursement_type         text        NOT NULL CHECK (reimbursement_type IN ('FIXED', 'PERCENTAGE')),
    reimbursement_amount       numeric(12, 2),
    percentage_discount        numeric(5, 2),
    wholesale_price            numeric(12, 2),
    consumer_price             numeric(12, 2),
    reimbursement_daily_count  numeric(12, 4),
    estimated_payment_amount   numeric(12, 2),
    max_daily_count            numeric(12, 4),
    registry_number            text,
    device_request_allowed     boolean     NOT NULL,
    care_plan_activity_allowed boolean     NOT NULL,
    start_date                 date        NOT NULL,
    end_date                   date,
    is_active                  boolean     NOT NULL,
    inserted_by                uuid        NOT NULL,
    inserted_at                timestamptz NOT NULL,
    updated_by                 uuid        NOT NULL,
    updated_at                 timestamptz NOT NULL,
    CONSTRAINT program_devices_reimbursement_check CHECK (
        (reimbursement_type = 'FIXED') = (reimbursement_amount IS NOT NULL) AND (reimbursement_type = 'PERCENTAGE') = (percentage_discount IS NOT NULL))
);
CREATE INDEX program_devices_program_idx ON prm.program_devices (medical_program_id, device_definition_id) WHERE is_active;
CREATE INDEX program_devices_definition_idx ON prm.program_devices (device_definition_id) WHERE is_active;
COMMENT ON COLUMN prm.program_devices.reimbursement_amount IS 'UAH for one device.';
COMMENT ON COLUMN prm.program_devices.percentage_discount IS 'Per cent of consumer_price.';
COMMENT ON COLUMN prm.program_devices.max_daily_count IS 'Devices a day; a request that asks for more gets none. NULL: any number.';

-- +goose Down
DROP TABLE prm.program_devices;
DROP TABLE prm.device_definition_classification_types;
DROP TABLE prm.device_definition_names;
DROP TABLE prm.device_definitions;
