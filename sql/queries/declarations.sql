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
SELECT * FROM il.declaration_details WHERE id = @id;

-- name: GetPersonDeclaration :one
-- The active one: a person has one at most.
SELECT * FROM il.declaration_details
WHERE person_id = @person_id AND status = 'active' AND is_active
ORDER BY signed_at DESC, id
LIMIT 1;
