-- What groups of diagnoses show, and the diagnoses of each.

-- +goose Up
ALTER TABLE prm.diagnoses_groups ADD COLUMN description text;

CREATE TABLE prm.diagnoses_group_codes (
    id                 uuid        PRIMARY KEY,
    diagnoses_group_id uuid        NOT NULL REFERENCES prm.diagnoses_groups (id) ON DELETE RESTRICT,
    code               text        NOT NULL,
    system             text        NOT NULL,
    is_active          boolean     NOT NULL,
    inserted_by        uuid        NOT NULL,
    inserted_at        timestamptz NOT NULL,
    updated_by         uuid        NOT NULL,
    updated_at         timestamptz NOT NULL
);
CREATE INDEX diagnoses_group_codes_diagnoses_group_id_idx ON prm.diagnoses_group_codes (diagnoses_group_id);
CREATE UNIQUE INDEX diagnoses_group_codes_active_idx ON prm.diagnoses_group_codes (code, system, diagnoses_group_id) WHERE is_active;
COMMENT ON TABLE prm.diagnoses_group_codes IS 'The diagnoses of a group: codes of the dictionary that system names. A diagnosis that was taken out has is_active = false.';

-- +goose Down
DROP TABLE prm.diagnoses_group_codes;
ALTER TABLE prm.diagnoses_groups DROP COLUMN description;
