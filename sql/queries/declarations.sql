-- name: ListDeclarations :many
-- A page of declarations, newest first, with the number of all that match. A page
-- past the end has no row to carry that number: ask again with limit 1, offset 0.
SELECT d.id, d.declaration_number, d.start_date, d.end_date, d.status, d.reason, d.reason_description, d.declaration_request_id,
       d.inserted_at, d.updated_at, count(*) OVER () AS total,
       e.id AS employee_id, e.position, e.employee_type, v.id AS division_id, v.name AS division_name,
       l.id AS legal_entity_id, l.name AS legal_entity_name, l.short_name AS legal_entity_short_name, l.edrpou,
       p.id AS person_id, p.first_name, p.last_name, p.second_name, p.birth_date, p.verification_status
FROM ops.declarations d
JOIN prm.employees e ON e.id = d.employee_id
JOIN prm.divisions v ON v.id = d.division_id
JOIN prm.legal_entities l ON l.id = d.legal_entity_id
JOIN mpi.persons p ON p.id = d.person_id
WHERE (sqlc.narg('legal_entity_id')::uuid IS NULL OR d.legal_entity_id = sqlc.narg('legal_entity_id')::uuid)
  AND (sqlc.narg('employee_id')::uuid IS NULL OR d.employee_id = sqlc.narg('employee_id')::uuid)
  AND d.status = @status
  AND (sqlc.narg('declaration_number')::text IS NULL OR d.declaration_number = sqlc.narg('declaration_number')::text)
  AND (sqlc.narg('reason')::text IS NULL OR d.reason = sqlc.narg('reason')::text)
ORDER BY d.inserted_at DESC, d.id
LIMIT @page_limit OFFSET @page_offset;

-- name: GetDeclaration :one
-- Confidants are those that the patient was registered with, or else the approved ones.
SELECT sqlc.embed(d), jsonb_strip_nulls(COALESCE(NULLIF(p.confidant_person, '[]'), mpi.confidant_persons(p.id, @at::timestamptz), '[]'))::jsonb AS confidants
FROM il.declaration_details d
JOIN mpi.persons p ON p.id = d.person_id
WHERE d.id = @id;

-- name: GetPersonDeclaration :one
-- The active one: a person has one at most.
SELECT sqlc.embed(d), jsonb_strip_nulls(COALESCE(NULLIF(p.confidant_person, '[]'), mpi.confidant_persons(p.id, @at::timestamptz), '[]'))::jsonb AS confidants
FROM il.declaration_details d
JOIN mpi.persons p ON p.id = d.person_id
WHERE d.person_id = @person_id AND d.status = 'active' AND d.is_active
ORDER BY d.signed_at DESC, d.id
LIMIT 1;

-- name: GetDeclarationState :one
-- What decides whether a declaration may be changed. The register may have lost the
-- person.
SELECT d.id, d.person_id, d.legal_entity_id, d.status, d.is_active,
       EXISTS (SELECT 1 FROM mpi.persons p WHERE p.id = d.person_id) AS person_exists
FROM ops.declarations d
WHERE d.id = @id;

-- name: GetUserPerson :one
-- Null: the user is nobody's account in the patient's cabinet.
SELECT person_id FROM mithril.users WHERE id = @id;

-- name: SetDeclarationStatus :many
-- No row: another request has changed the status since it was read. Without a reason
-- the former one stays.
UPDATE ops.declarations
SET status = @to_status, reason = COALESCE(sqlc.narg('reason')::text, reason),
    reason_description = COALESCE(sqlc.narg('reason_description')::text, reason_description), updated_by = @user_id, updated_at = @at
WHERE id = @id AND status = @from_status
RETURNING id;

-- name: EndDeclarationsOfEmployee :many
UPDATE ops.declarations
SET status = 'terminated', reason = @reason::text, updated_by = @user_id, updated_at = @at
WHERE employee_id = @employee_id AND status IN ('active', 'pending_verification')
RETURNING id;

-- name: CloseDeclarations :many
-- Those whose last day is over.
UPDATE ops.declarations
SET status = 'closed', updated_by = @user_id, updated_at = @at
WHERE id IN (
    SELECT o.id FROM ops.declarations o
    WHERE o.status = 'active' AND o.end_date < @today
    ORDER BY o.end_date
    LIMIT @batch
    FOR UPDATE SKIP LOCKED)
RETURNING id;

-- name: RecordDeclarations :exec
-- The events and audit rows of declarations that got a status, in the transaction
-- that changed them.
WITH events AS (
    INSERT INTO event_manager.events (id, event_type, entity_type, entity_id, properties, event_time, changed_by, inserted_at, updated_at)
    SELECT gen_random_uuid(), 'StatusChangeEvent', 'Declaration', d.id,
           jsonb_build_object('status', jsonb_build_object('new_value', sqlc.arg('status')::text)), @at, @user_id, @at, @at
    FROM unnest(@ids::uuid[]) AS d (id)
)
INSERT INTO prm.audit_log (id, actor_id, resource, resource_id, changeset, inserted_at)
SELECT gen_random_uuid(), sqlc.arg('user_id')::uuid::text, 'declarations', d.id::text, @changeset, @at
FROM unnest(@ids::uuid[]) AS d (id);
