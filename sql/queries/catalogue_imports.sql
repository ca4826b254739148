-- name: ListServiceCodes :many
-- Of several rows with one code, the last one counts for an import: the active or the newest.
SELECT id, code FROM prm.services ORDER BY is_active, inserted_at, id;

-- name: ListServiceGroupCodes :many
SELECT id, code, parent_id FROM prm.service_groups ORDER BY is_active, inserted_at, id;

-- name: ListServiceInclusionKeys :many
SELECT id, service_id, service_group_id FROM prm.service_inclusions ORDER BY is_active, inserted_at, id;

-- name: ListMedicalProgramNames :many
SELECT id, name FROM prm.medical_programs ORDER BY is_active, inserted_at, id;

-- name: ListProgramServiceKeys :many
SELECT id, program_id, service_id, service_group_id FROM prm.program_services ORDER BY is_active, inserted_at, id;

-- name: ImportServices :one
-- The rows of an import are a list of JSON objects with the columns of the table. A row
-- that is already so is not touched, and the counts are of rows written: an import run
-- twice reports nothing the second time.
WITH written AS (
    INSERT INTO prm.services AS old (id, code, name, category, is_active, is_composition, request_allowed, inserted_by, inserted_at, updated_by, updated_at)
    SELECT r.id, r.code, r.name, r.category, r.is_active, r.is_composition, r.request_allowed, @by, @at, @by, @at
    FROM jsonb_populate_recordset(NULL::prm.services, @rows::jsonb) AS r
    ON CONFLICT (id) DO UPDATE
    SET code = EXCLUDED.code, name = EXCLUDED.name, category = EXCLUDED.category, is_active = EXCLUDED.is_active,
        is_composition = EXCLUDED.is_composition, request_allowed = EXCLUDED.request_allowed,
        updated_by = EXCLUDED.updated_by, updated_at = EXCLUDED.updated_at
    WHERE (old.code, old.name, old.category, old.is_active, old.is_composition, old.request_allowed) IS DISTINCT FROM
        (EXCLUDED.code, EXCLUDED.name, EXCLUDED.category, EXCLUDED.is_active, EXCLUDED.is_composition, EXCLUDED.request_allowed)
    RETURNING xmax = 0 AS inserted -- xmax is 0 in a row that replaces none
)
SELECT count(*) FILTER (WHERE inserted) AS inserted, count(*) FILTER (WHERE NOT inserted) AS changed FROM written;

-- name: ImportServiceGroups :one
WITH written AS (
    INSERT INTO prm.service_groups AS old (id, code, name, parent_id, is_active, request_allowed, inserted_by, inserted_at, updated_by, updated_at)
    SELECT r.id, r.code, r.name, r.parent_id, r.is_active, r.request_allowed, @by, @at, @by, @at
    FROM jsonb_populate_recordset(NULL::prm.service_groups, @rows::jsonb) AS r
    ON CONFLICT (id) DO UPDATE
    SET code = EXCLUDED.code, name = EXCLUDED.name, parent_id = EXCLUDED.parent_id, is_active = EXCLUDED.is_active,
        request_allowed = EXCLUDED.request_allowed, updated_by = EXCLUDED.updated_by, updated_at = EXCLUDED.updated_at
    WHERE (old.code, old.name, old.parent_id, old.is_active, old.request_allowed) IS DISTINCT FROM
        (EXCLUDED.code, EXCLUDED.name, EXCLUDED.parent_id, EXCLUDED.is_active, EXCLUDED.request_allowed)
    RETURNING xmax = 0 AS inserted
)
SELECT count(*) FILTER (WHERE inserted) AS inserted, count(*) FILTER (WHERE NOT inserted) AS changed FROM written;

-- name: ImportServiceInclusions :one
WITH written AS (
    INSERT INTO prm.service_inclusions AS old (id, service_id, service_group_id, alias, is_active, inserted_by, inserted_at, updated_by, updated_at)
    SELECT r.id, r.service_id, r.service_group_id, r.alias, r.is_active, @by, @at, @by, @at
    FROM jsonb_populate_recordset(NULL::prm.service_inclusions, @rows::jsonb) AS r
    ON CONFLICT (id) DO UPDATE
    SET alias = EXCLUDED.alias, is_active = EXCLUDED.is_active, updated_by = EXCLUDED.updated_by, updated_at = EXCLUDED.updated_at
    WHERE (old.alias, old.is_active) IS DISTINCT FROM (EXCLUDED.alias, EXCLUDED.is_active)
    RETURNING xmax = 0 AS inserted
)
SELECT count(*) FILTER (WHERE inserted) AS inserted, count(*) FILTER (WHERE NOT inserted) AS changed FROM written;

-- name: ImportMedicalPrograms :one
WITH written AS (
    INSERT INTO prm.medical_programs AS old (id, name, type, funding_source, mr_blank_type, is_active,
        medication_request_allowed, medication_request_allowed_text, medication_dispense_allowed, medication_dispense_allowed_text,
        device_request_allowed, device_dispense_allowed, medical_program_settings, medical_program_settings_text,
        inserted_by, inserted_at, updated_by, updated_at)
    SELECT r.id, r.name, r.type, r.funding_source, r.mr_blank_type, r.is_active,
        r.medication_request_allowed, r.medication_request_allowed_text, r.medication_dispense_allowed, r.medication_dispense_allowed_text,
        r.device_request_allowed, r.device_dispense_allowed, r.medical_program_settings, r.medical_program_settings_text,
        @by, @at, @by, @at
    FROM jsonb_populate_recordset(NULL::prm.medical_programs, @rows::jsonb) AS r
    ON CONFLICT (id) DO UPDATE
    SET name = EXCLUDED.name, type = EXCLUDED.type, funding_source = EXCLUDED.funding_source, mr_blank_type = EXCLUDED.mr_blank_type,
        is_active = EXCLUDED.is_active, medication_request_allowed = EXCLUDED.medication_request_allowed,
        medication_request_allowed_text = EXCLUDED.medication_request_allowed_text,
        medication_dispense_allowed = EXCLUDED.medication_dispense_allowed,
        medication_dispense_allowed_text = EXCLUDED.medication_dispense_allowed_text,
        device_request_allowed = EXCLUDED.device_request_allowed, device_dispense_allowed = EXCLUDED.device_dispense_allowed,
        medical_program_settings = EXCLUDED.medical_program_settings, medical_program_settings_text = EXCLUDED.medical_program_settings_text,
        updated_by = EXCLUDED.updated_by, updated_at = EXCLUDED.updated_at
    WHERE (old.name, old.type, old.funding_source, old.mr_blank_type, old.is_active,
        old.medication_request_allowed, old.medication_request_allowed_text, old.medication_dispense_allowed, old.medication_dispense_allowed_text,
        old.device_request_allowed, old.device_dispense_allowed, old.medical_program_settings, old.medical_program_settings_text) IS DISTINCT FROM
        (EXCLUDED.name, EXCLUDED.type, EXCLUDED.funding_source, EXCLUDED.mr_blank_type, EXCLUDED.is_active,
        EXCLUDED.medication_request_allowed, EXCLUDED.medication_request_allowed_text, EXCLUDED.medication_dispense_allowed, EXCLUDED.medication_dispense_allowed_text,
        EXCLUDED.device_request_allowed, EXCLUDED.device_dispense_allowed, EXCLUDED.medical_program_settings, EXCLUDED.medical_program_settings_text)
    RETURNING xmax = 0 AS inserted
)
SELECT count(*) FILTER (WHERE inserted) AS inserted, count(*) FILTER (WHERE NOT inserted) AS changed FROM written;

-- name: ImportProgramServices :one
WITH written AS (
    INSERT INTO prm.program_services AS old (id, program_id, service_id, service_group_id, consumer_price, description, is_active, request_allowed,
        inserted_by, inserted_at, updated_by, updated_at)
    SELECT r.id, r.program_id, r.service_id, r.service_group_id, r.consumer_price, r.description, r.is_active, r.request_allowed, @by, @at, @by, @at
    FROM jsonb_populate_recordset(NULL::prm.program_services, @rows::jsonb) AS r
    ON CONFLICT (id) DO UPDATE
    SET consumer_price = EXCLUDED.consumer_price, description = EXCLUDED.description, is_active = EXCLUDED.is_active,
        request_allowed = EXCLUDED.request_allowed, updated_by = EXCLUDED.updated_by, updated_at = EXCLUDED.updated_at
    WHERE (old.consumer_price, old.description, old.is_active, old.request_allowed) IS DISTINCT FROM
        (EXCLUDED.consumer_price, EXCLUDED.description, EXCLUDED.is_active, EXCLUDED.request_allowed)
    RETURNING xmax = 0 AS inserted
)
SELECT count(*) FILTER (WHERE inserted) AS inserted, count(*) FILTER (WHERE NOT inserted) AS changed FROM written;
