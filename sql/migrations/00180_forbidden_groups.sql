-- What forbidden groups show, and what is in each.

-- +goose Up
ALTER TABLE prm.forbidden_groups
    ADD COLUMN creation_reason     text NOT NULL DEFAULT '',
    ADD COLUMN deactivation_reason text;

CREATE TABLE prm.forbidden_group_codes (
    id                 uuid        PRIMARY KEY,
    forbidden_group_id uuid        NOT NULL REFERENCES prm.forbidden_groups (id) ON DELETE RESTRICT,
    code               text        NOT NULL,
    system             text        NOT NULL,
    creation_reason    text        NOT NULL,
    is_active          boolean     NOT NULL,
    inserted_by        uuid        NOT NULL,
    inserted_at        timestamptz NOT NULL,
    updated_by         uuid        NOT NULL,
    updated_at         timestamptz NOT NULL
);
CREATE UNIQUE INDEX forbidden_group_codes_active_idx ON prm.forbidden_group_codes (forbidden_group_id, system, code) WHERE is_active;
COMMENT ON TABLE prm.forbidden_group_codes IS 'Codes of a forbidden group, of the dictionary that system names. A code that was taken out has is_active = false.';

CREATE TABLE prm.forbidden_group_services (
    id                 uuid        PRIMARY KEY,
    forbidden_group_id uuid        NOT NULL REFERENCES prm.forbidden_groups (id) ON DELETE RESTRICT,
    service_id         uuid        REFERENCES prm.services (id) ON DELETE RESTRICT,
    service_group_id   uuid        REFERENCES prm.service_groups (id) ON DELETE RESTRICT,
    creation_reason    text        NOT NULL,
    is_active          boolean     NOT NULL,
    inserted_by        uuid        NOT NULL,
    inserted_at        timestamptz NOT NULL,
    updated_by         uuid        NOT NULL,
    updated_at         timestamptz NOT NULL,
    CONSTRAINT forbidden_group_services_one_check CHECK (num_nonnulls(service_id, service_group_id) = 1)
);
CREATE UNIQUE INDEX forbidden_group_services_active_idx ON prm.forbidden_group_services (forbidden_group_id, coalesce(service_id, service_group_id)) WHERE is_active;
COMMENT ON TABLE prm.forbidden_group_services IS 'Services of a forbidden group, one by one or a whole group of services. One that was taken out has is_active = false.';

-- +goose Down
DROP TABLE prm.forbidden_group_services;
DROP TABLE prm.forbidden_group_codes;
ALTER TABLE prm.forbidden_groups DROP COLUMN deactivation_reason, DROP COLUMN creation_reason;
