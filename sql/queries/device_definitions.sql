-- name: ListDeviceDefinitions :many
-- A page of medical devices, as in ListMedicalPrograms; with an id, that device.
SELECT sqlc.embed(d),
  coalesce((SELECT jsonb_agg(jsonb_build_object('name', n.name, 'type', n.type) ORDER BY n.type, n.name)
      FROM prm.device_definition_names n WHERE n.device_definition_id = d.id), '[]')::jsonb AS device_names,
  coalesce((SELECT jsonb_agg(jsonb_build_object('system', t.system, 'code', t.code) ORDER BY t.system, t.code)
      FROM prm.device_definition_classification_types t WHERE t.device_definition_id = d.id), '[]')::jsonb AS classification_types,
  coalesce(d.properties, '[]')::jsonb AS properties,
  -- Version 1 has no place for a concept.
  coalesce((SELECT jsonb_agg(jsonb_set(p.property, '{type}', p.property #> '{type,code}') ORDER BY p.place)
      FROM jsonb_array_elements(d.properties) WITH ORDINALITY AS p (property, place)
      WHERE p.property -> 'value_codeable_concept' IS NULL), '[]')::jsonb AS properties_v1,
  (SELECT jsonb_agg(jsonb_build_object('id', p.id, 'start_date', p.start_date, 'end_date', p.end_date,
          'device_request_allowed', p.device_request_allowed, 'care_plan_activity_allowed', p.care_plan_activity_allowed,
          'registry_number', p.registry_number, 'max_daily_count', p.max_daily_count) ORDER BY p.start_date, p.id)
      FROM prm.program_devices p WHERE p.device_definition_id = d.id AND p.medical_program_id = sqlc.narg('medical_program_id')::uuid
        AND p.is_active AND p.start_date <= @today::date AND (p.end_date IS NULL OR p.end_date >= @today::date))::jsonb AS program_devices,
  count(*) OVER () AS total
FROM prm.device_definitions d
WHERE d.is_active = ANY (@is_active::boolean[])
  AND (sqlc.narg('id')::uuid IS NULL OR d.id = sqlc.narg('id')::uuid)
  AND (NOT @of_version_1::boolean OR d.classification_type <> '')
  AND (sqlc.narg('classification_type')::text IS NULL OR d.classification_type = sqlc.narg('classification_type')::text)
  -- Both filters of a class mean the same one, and so do both of a name.
  AND (sqlc.narg('classification_type_system')::text IS NULL AND sqlc.narg('classification_type_code')::text IS NULL OR EXISTS (
      SELECT FROM prm.device_definition_classification_types t
      WHERE t.device_definition_id = d.id
        AND (sqlc.narg('classification_type_system')::text IS NULL OR t.system = sqlc.narg('classification_type_system')::text)
        AND (sqlc.narg('classification_type_code')::text IS NULL OR t.code = sqlc.narg('classification_type_code')::text)))
  AND (sqlc.narg('name')::text IS NULL AND sqlc.narg('name_type')::text IS NULL OR EXISTS (
      SELECT FROM prm.device_definition_names n
      WHERE n.device_definition_id = d.id
        -- strpos, because LIKE would give the caller's % and _ a meaning.
        AND (sqlc.narg('name')::text IS NULL OR strpos(prm.fold_case(n.name), prm.fold_case(sqlc.narg('name')::text)) > 0)
        AND (sqlc.narg('name_type')::text IS NULL OR n.type = sqlc.narg('name_type')::text)))
  AND (sqlc.narg('model_number')::text IS NULL OR d.model_number = sqlc.narg('model_number')::text)
  AND (sqlc.narg('medical_program_id')::uuid IS NULL OR EXISTS (
      SELECT FROM prm.program_devices p WHERE p.device_definition_id = d.id AND p.medical_program_id = sqlc.narg('medical_program_id')::uuid
        AND p.is_active AND p.start_date <= @today::date AND (p.end_date IS NULL OR p.end_date >= @today::date)))
ORDER BY d.inserted_at, d.id
LIMIT @page_limit OFFSET @page_offset;
