-- name: CreateDivision :exec
-- A division, its addresses and the audit row in one statement: one round trip,
-- all or nothing. Addresses are a JSON array of objects with the field names of
-- the API and, each, the id of its row.
WITH division AS (
    INSERT INTO prm.divisions (
        id, external_id, name, type, mountain_group, phones, email, legal_entity_id,
        longitude, latitude, status, is_active, working_hours,
        inserted_by, inserted_at, updated_by, updated_at
    ) VALUES (
        @id, sqlc.narg('external_id'), @name, @type, @mountain_group, @phones, @email::text, @legal_entity_id,
        sqlc.narg('longitude'), sqlc.narg('latitude'), 'ACTIVE', true, sqlc.narg('working_hours'),
        @user_id, @at, @user_id, @at
    )
), addresses AS (
    INSERT INTO prm.division_addresses (
        id, division_id, position, type, country, area, region, settlement, settlement_type, settlement_id,
        street_type, street, building, apartment, zip,
        inserted_by, inserted_at, updated_by, updated_at
    )
    SELECT
        (a ->> 'id')::uuid, @id, n, a ->> 'type', a ->> 'country', a ->> 'area', a ->> 'region',
        a ->> 'settlement', a ->> 'settlement_type', (a ->> 'settlement_id')::uuid,
        a ->> 'street_type', a ->> 'street', a ->> 'building', a ->> 'apartment', a ->> 'zip',
        @user_id, @at, @user_id, @at
    FROM jsonb_array_elements(@addresses::jsonb) WITH ORDINALITY AS sent (a, n)
)
INSERT INTO prm.audit_log (id, actor_id, resource, resource_id, changeset, inserted_at)
VALUES (@audit_id, sqlc.arg('user_id')::uuid::text, 'divisions', sqlc.arg('id')::uuid::text, @changeset, @at);

-- name: GetDivision :one
-- Addresses come as a JSON array of objects with the field names of the API.
SELECT sqlc.embed(d),
       COALESCE((
           SELECT jsonb_agg(jsonb_build_object(
               'type', a.type, 'country', a.country, 'area', a.area, 'region', a.region,
               'settlement', a.settlement, 'settlement_type', a.settlement_type, 'settlement_id', a.settlement_id,
               'street_type', a.street_type, 'street', a.street, 'building', a.building,
               'apartment', a.apartment, 'zip', a.zip
           ) ORDER BY a.position)
           FROM prm.division_addresses a
           WHERE a.division_id = d.id
       ), '[]')::jsonb AS addresses
FROM prm.divisions d
WHERE d.id = @id;

-- name: ListDivisions :many
-- A page of a legal entity's divisions with the number of all that match. A page
-- past the end has no row to carry that number: ask again with limit 1, offset 0.
SELECT sqlc.embed(d),
       COALESCE((
           SELECT jsonb_agg(jsonb_build_object(
               'type', a.type, 'country', a.country, 'area', a.area, 'region', a.region,
               'settlement', a.settlement, 'settlement_type', a.settlement_type, 'settlement_id', a.settlement_id,
               'street_type', a.street_type, 'street', a.street, 'building', a.building,
               'apartment', a.apartment, 'zip', a.zip
           ) ORDER BY a.position)
           FROM prm.division_addresses a
           WHERE a.division_id = d.id
       ), '[]')::jsonb AS addresses,
       count(*) OVER () AS total
FROM prm.divisions d
WHERE d.legal_entity_id = @legal_entity_id
  AND (sqlc.narg('ids')::uuid[] IS NULL OR d.id = ANY (sqlc.narg('ids')::uuid[]))
  -- A part of the name, in any case; strpos, because LIKE would give the caller's % and _ a meaning.
  AND (sqlc.narg('name')::text IS NULL OR strpos(prm.fold_case(d.name), prm.fold_case(sqlc.narg('name')::text)) > 0)
  AND (sqlc.narg('type')::text IS NULL OR d.type = sqlc.narg('type')::text)
  AND (sqlc.narg('status')::text IS NULL OR d.status = sqlc.narg('status')::text)
ORDER BY d.inserted_at, d.id
LIMIT @page_limit OFFSET @page_offset;

-- name: UpdateDivision :one
-- Writes what a PATCH sent; null leaves a column as it is (the body has no
-- nulls). First of its transaction: it locks the division, so that of two PATCHes
-- the second replaces the addresses of the first.
UPDATE prm.divisions
SET name           = @name,
    type           = @type,
    phones         = @phones,
    email          = @email::text,
    mountain_group = @mountain_group,
    external_id    = COALESCE(sqlc.narg('external_id'), external_id),
    longitude      = COALESCE(sqlc.narg('longitude'), longitude),
    latitude       = COALESCE(sqlc.narg('latitude'), latitude),
    working_hours  = COALESCE(sqlc.narg('working_hours'), working_hours),
    updated_by     = @user_id,
    updated_at     = @at
WHERE id = @id AND legal_entity_id = @legal_entity_id
RETURNING *;

-- name: DeleteDivisionAddresses :exec
DELETE FROM prm.division_addresses WHERE division_id = @division_id;

-- name: InsertDivisionAddresses :exec
INSERT INTO prm.division_addresses (
    id, division_id, position, type, country, area, region, settlement, settlement_type, settlement_id,
    street_type, street, building, apartment, zip,
    inserted_by, inserted_at, updated_by, updated_at
)
SELECT
    (a ->> 'id')::uuid, @division_id, n, a ->> 'type', a ->> 'country', a ->> 'area', a ->> 'region',
    a ->> 'settlement', a ->> 'settlement_type', (a ->> 'settlement_id')::uuid,
    a ->> 'street_type', a ->> 'street', a ->> 'building', a ->> 'apartment', a ->> 'zip',
    @user_id, @at, @user_id, @at
FROM jsonb_array_elements(@addresses::jsonb) WITH ORDINALITY AS sent (a, n);

-- name: SetDivisionStatus :execrows
-- Zero rows: another request has changed the status since it was read.
UPDATE prm.divisions
SET status = @to_status, updated_by = @user_id, updated_at = @at
WHERE id = @id AND status = @from_status AND is_active;

-- name: GetDivisionUse :one
-- What forbids the deactivation of a division.
SELECT
    EXISTS (
        SELECT 1 FROM prm.healthcare_services s WHERE s.division_id = @division_id AND s.status = 'ACTIVE'
    ) AS active_healthcare_services,
    EXISTS (
        SELECT 1 FROM prm.employees e WHERE e.division_id = @division_id AND e.status = 'APPROVED' AND e.is_active
    ) AS active_employees,
    EXISTS (
        SELECT 1 FROM prm.equipment q WHERE q.division_id = @division_id AND q.status = 'ACTIVE'
    ) AS active_equipments;

-- name: DeactivateDivisionProgramProvision :many
-- A deactivated pharmacy leaves its medical programs.
UPDATE prm.medical_program_provision
SET is_active = false, deactivate_reason = @deactivate_reason::text, updated_by = @user_id, updated_at = @at
WHERE division_id = @division_id AND is_active
RETURNING id;
