-- name: GetDeviceProgram :one
-- What a device request asks of a medical program: whether a division provides it, and whether it has any device for so
-- many a day. A column is null when there is no such program.
SELECT
    p.name, p.type, p.is_active,
    coalesce(p.medical_program_settings -> 'skip_contract_provision_verify' = 'true'::jsonb, false)::boolean AS skips_provision,
    coalesce(p.medical_program_settings -> 'skip_dispense_division_dls_verify' = 'true'::jsonb, false)::boolean AS skips_dls,
    coalesce(p.medical_program_settings -> 'skip_treatment_period' <> 'false'::jsonb, true)::boolean AS skips_treatment,
    coalesce(p.device_request_allowed, true)::boolean AS request_allowed,
    ARRAY(SELECT jsonb_array_elements_text(p.medical_program_settings -> 'device_request_allowed_code_types'))::text[] AS code_types,
    ARRAY(SELECT jsonb_array_elements_text(p.medical_program_settings -> 'speciality_types_request_allowed'))::text[] AS specialities,
    coalesce((p.medical_program_settings ->> 'dispense_period_day')::int, 0)::int AS dispense_days, -- 0: it does not say
    EXISTS (SELECT FROM prm.medical_program_provision v
        WHERE v.medical_program_id = @program_id AND v.division_id = @division_id AND v.is_active) AS is_provided,
    EXISTS (SELECT FROM prm.program_devices d
        WHERE d.medical_program_id = @program_id AND d.is_active AND d.start_date <= @today::date AND (d.end_date IS NULL OR d.end_date >= @today::date)
            AND (d.max_daily_count IS NULL OR d.max_daily_count >= @per_day::float8)) AS has_devices
FROM (SELECT) AS one
LEFT JOIN prm.medical_programs p ON p.id = @program_id;

-- name: ListDevicesOfProgram :many
-- Devices that a program pays for today, for so many a day, which have a definition or are of a type.
SELECT
    sqlc.embed(d), sqlc.embed(f),
    coalesce((SELECT json_agg(json_build_object('name', n.name, 'type', n.type) ORDER BY n.type, n.name)
        FROM prm.device_definition_names n WHERE n.device_definition_id = f.id), '[]')::jsonb AS names,
    coalesce((SELECT json_agg(json_build_object('system', t.system, 'code', t.code) ORDER BY t.system, t.code)
        FROM prm.device_definition_classification_types t WHERE t.device_definition_id = f.id), '[]')::jsonb AS classification_types
FROM prm.program_devices d
JOIN prm.device_definitions f ON f.id = d.device_definition_id
WHERE d.medical_program_id = @program_id AND d.is_active AND d.start_date <= @today::date AND (d.end_date IS NULL OR d.end_date >= @today::date)
    AND (d.max_daily_count IS NULL OR d.max_daily_count >= @per_day::float8) AND f.is_active
    AND (f.id = sqlc.narg(definition_id)::uuid OR EXISTS (SELECT FROM prm.device_definition_classification_types t
        WHERE t.device_definition_id = f.id AND t.code = sqlc.narg(code)::text))
ORDER BY d.inserted_at, d.id;

-- name: GetDispensedDevice :one
-- What Create Device Dispense asks of a device definition and of the device in a program that stands beside it.
SELECT
    coalesce(f.is_active, false)::boolean AS is_active,
    f.packaging_count, f.packaging_unit,
    EXISTS (SELECT FROM prm.device_definition_classification_types t WHERE t.device_definition_id = f.id AND t.code = sqlc.narg(code)::text) AS is_of_type,
    d.medical_program_id, d.device_definition_id, d.max_daily_count,
    coalesce(d.is_active AND d.start_date <= @today::date AND (d.end_date IS NULL OR d.end_date >= @today::date), false)::boolean AS is_in_date,
    d.reimbursement_type, d.reimbursement_amount, d.percentage_discount, d.consumer_price
FROM (SELECT) AS one
LEFT JOIN prm.device_definitions f ON f.id = @definition_id
LEFT JOIN prm.program_devices d ON d.id = sqlc.narg(program_device_id)::uuid;

-- name: LockDispensesOfRequest :exec
-- Until the transaction ends, no other one makes a dispense of the device request.
SELECT pg_advisory_xact_lock(hashtextextended('device_requests ' || @request_id::text, 0));

-- name: ListToldDispenses :many
-- Which of the dispenses are stored, and not on their way yet.
SELECT DISTINCT resource_id FROM prm.audit_log WHERE resource = 'device_dispenses' AND resource_id = ANY (@ids::text[]);

-- name: GetPrescribedDevice :one
-- Whether a device definition is in use, and its types, each after its dictionary.
SELECT
    f.is_active,
    ARRAY(SELECT t.system || '|' || t.code FROM prm.device_definition_classification_types t WHERE t.device_definition_id = f.id ORDER BY 1)::text[] AS types
FROM prm.device_definitions f
WHERE f.id = @id;
