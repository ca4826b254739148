-- Groups of codes and services that approvals open: forbidden groups and groups of diagnoses.

-- +goose Up
CREATE TABLE prm.forbidden_groups (
    id          uuid        PRIMARY KEY,
    name        text        NOT NULL,
    is_active   boolean     NOT NULL,
    inserted_by uuid        NOT NULL,
    inserted_at timestamptz NOT NULL,
    updated_by  uuid        NOT NULL,
    updated_at  timestamptz NOT NULL
);
COMMENT ON TABLE prm.forbidden_groups IS 'Groups of medical events that are hidden from all whom no approval of the group lets see them.';

CREATE TABLE prm.diagnoses_groups (
    id          uuid        PRIMARY KEY,
    code        text        NOT NULL,
    name        text        NOT NULL,
    is_active   boolean     NOT NULL,
    inserted_by uuid        NOT NULL,
    inserted_at timestamptz NOT NULL,
    updated_by  uuid        NOT NULL,
    updated_at  timestamptz NOT NULL
);
COMMENT ON TABLE prm.diagnoses_groups IS 'Groups of diagnoses: an approval of one opens the episodes that have had a diagnosis of it.';

-- +goose Down
DROP TABLE prm.diagnoses_groups;
DROP TABLE prm.forbidden_groups;
