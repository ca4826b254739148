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

-- name: ListDeviceDefinitionKeys :many
SELECT id, external_id::text AS external_id FROM prm.device_definitions WHERE external_id IS NOT NULL ORDER BY is_active, inserted_at, id;

-- name: ListDeviceDefinitionNameKeys :many
SELECT id, device_definition_id, name, type FROM prm.device_definition_names;

-- name: ListDeviceDefinitionClassificationTypeKeys :many
SELECT id, device_definition_id, system, code FROM prm.device_definition_classification_types;

-- name: ListProgramDeviceKeys :many
SELECT id, medical_program_id, device_definition_id FROM prm.program_devices ORDER BY is_active, inserted_at, id;

-- name: ImportDeviceDefinitions :one
WITH written AS (
    INSERT INTO prm.device_definitions AS old (id, external_id, classification_type, description, manufacturer, model_number, part_number, note,
        packaging_type, packaging_count, packaging_unit, parent_id, properties, is_active, inserted_by, inserted_at, updated_by, updated_at)
    SELECT r.id, r.external_id, r.classification_type, r.description, r.manufacturer, r.model_number, r.part_number, r.note,
        r.packaging_type, r.packaging_count, r.packaging_unit, r.parent_id, r.properties, r.is_active, @by, @at, @by, @at
    FROM jsonb_populate_recordset(NULL::prm.device_definitions, @rows::jsonb) AS r
    ON CONFLICT (id) DO UPDATE
    SET external_id = EXCLUDED.external_id, classification_type = EXCLUDED.classification_type, description = EXCLUDED.description,
        manufacturer = EXCLUDED.manufacturer, model_number = EXCLUDED.model_number, part_number = EXCLUDED.part_number, note = EXCLUDED.note,
        packaging_type = EXCLUDED.packaging_type, packaging_count = EXCLUDED.packaging_count, packaging_unit = EXCLUDED.packaging_unit,
        parent_id = EXCLUDED.parent_id, properties = EXCLUDED.properties, is_active = EXCLUDED.is_active,
        updated_by = EXCLUDED.updated_by, updated_at = EXCLUDED.updated_at
    WHERE (old.external_id, old.classification_type, old.description, old.manufacturer, old.model_number, old.part_number, old.note,
        old.packaging_type, old.packaging_count, old.packaging_unit, old.parent_id, old.properties, old.is_active) IS DISTINCT FROM
        (EXCLUDED.external_id, EXCLUDED.classification_type, EXCLUDED.description, EXCLUDED.manufacturer, EXCLUDED.model_number, EXCLUDED.part_number, EXCLUDED.note,
        EXCLUDED.packaging_type, EXCLUDED.packaging_count, EXCLUDED.packaging_unit, EXCLUDED.parent_id, EXCLUDED.properties, EXCLUDED.is_active)
    RETURNING xmax = 0 AS inserted
)
SELECT count(*) FILTER (WHERE inserted) AS inserted, count(*) FILTER (WHERE NOT inserted) AS changed FROM written;

-- name: ImportDeviceDefinitionNames :one
-- A name has nothing that could change, and nothing that ends it: a device that is in the
-- file has the names of the file alone.
WITH sent AS (
    SELECT (r.sent ->> 'id')::uuid AS id, (r.sent ->> 'device_definition_id')::uuid AS device_definition_id,
        (r.sent ->> 'name')::text AS name, (r.sent ->> 'type')::text AS type
    FROM jsonb_array_elements(@rows::jsonb) AS r (sent)
), written AS (
    INSERT INTO prm.device_definition_names (id, device_definition_id, name, type) SELECT id, device_definition_id, name, type FROM sent
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), removed AS (
    DELETE FROM prm.device_definition_names AS old
    WHERE old.device_definition_id IN (SELECT device_definition_id FROM sent) AND old.id NOT IN (SELECT id FROM sent)
    RETURNING old.id
)
SELECT (SELECT count(*) FROM written) AS inserted, (SELECT count(*) FROM removed) AS changed;

-- name: ImportDeviceDefinitionClassificationTypes :one
-- As ImportDeviceDefinitionNames.
WITH sent AS (
    SELECT (r.sent ->> 'id')::uuid AS id, (r.sent ->> 'device_definition_id')::uuid AS device_definition_id,
        (r.sent ->> 'system')::text AS system, (r.sent ->> 'code')::text AS code
    FROM jsonb_array_elements(@rows::jsonb) AS r (sent)
), written AS (
    INSERT INTO prm.device_definition_classification_types (id, device_definition_id, system, code) SELECT id, device_definition_id, system, code FROM sent
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), removed AS (
    DELETE FROM prm.device_definition_classification_types AS old
    WHERE old.device_definition_id IN (SELECT device_definition_id FROM sent) AND old.id NOT IN (SELECT id FROM sent)
    RETURNING old.id
)
SELECT (SELECT count(*) FROM written) AS inserted, (SELECT count(*) FROM removed) AS changed;

-- name: ImportProgramDevices :one
WITH written AS (
    INSERT INTO prm.program_devices AS old (id, medical_program_id, device_definition_id, reimbursement_type, reimbursement_amount, percentage_discount,
        wholesale_price, consumer_price, reimbursement_daily_count, estimated_payment_amount, max_daily_count, registry_number,
        device_request_allowed, care_plan_activity_allowed, start_date, end_date, is_active, inserted_by, inserted_at, updated_by, updated_at)
    SELECT r.id, r.medical_program_id, r.device_definition_id, r.reimbursement_type, r.reimbursement_amount, r.percentage_discount,
        r.wholesale_price, r.consumer_price, r.reimbursement_daily_count, r.estimated_payment_amount, r.max_daily_count, r.registry_number,
        r.device_request_allowed, r.care_plan_activity_allowed, r.start_date, r.end_date, r.is_active, @by, @at, @by, @at
    FROM jsonb_populate_recordset(NULL::prm.program_devices, @rows::jsonb) AS r
    ON CONFLICT (id) DO UPDATE
    SET reimbursement_type = EXCLUDED.reimbursement_type, reimbursement_amount = EXCLUDED.reimbursement_amount,
        percentage_discount = EXCLUDED.percentage_discount, wholesale_price = EXCLUDED.wholesale_price, consumer_price = EXCLUDED.consumer_price,
        reimbursement_daily_count = EXCLUDED.reimbursement_daily_count, estimated_payment_amount = EXCLUDED.estimated_payment_amount,
        max_daily_count = EXCLUDED.max_daily_count, registry_number = EXCLUDED.registry_number,
        device_request_allowed = EXCLUDED.device_request_allowed, care_plan_activity_allowed = EXCLUDED.care_plan_activity_allowed,
        start_date = EXCLUDED.start_date, end_date = EXCLUDED.end_date, is_active = EXCLUDED.is_active,
        updated_by = EXCLUDED.updated_by, updated_at = EXCLUDED.updated_at
    WHERE (old.reimbursement_type, old.reimbursement_amount, old.percentage_discount, old.wholesale_price, old.consumer_price,
        old.reimbursement_daily_count, old.estimated_payment_amount, old.max_daily_count, old.registry_number,
        old.device_request_allowed, old.care_plan_activity_allowed, old.start_date, old.end_date, old.is_active) IS DISTINCT FROM
        (EXCLUDED.reimbursement_type, EXCLUDED.reimbursement_amount, EXCLUDED.percentage_discount, EXCLUDED.wholesale_price, EXCLUDED.consumer_price,
        EXCLUDED.reimbursement_daily_count, EXCLUDED.estimated_payment_amount, EXCLUDED.max_daily_count, EXCLUDED.registry_number,
        EXCLUDED.device_request_allowed, EXCLUDED.care_plan_activity_allowed, EXCLUDED.start_date, EXCLUDED.end_date, EXCLUDED.is_active)
    RETURNING xmax = 0 AS inserted
)
SELECT count(*) FILTER (WHERE inserted) AS inserted, count(*) FILTER (WHERE NOT inserted) AS changed FROM written;
