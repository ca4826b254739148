-- name: GetDeclarationRequest :one
SELECT id, data, status, status_reason, authentication_method_current, documents, data_to_be_signed,
       declaration_id, declaration_number, parent_declaration_id, authorize_with, mpi_id,
       channel, is_shareable, system_declaration_limit, current_declaration_count,
       data_legal_entity_id, data_employee_id,
       inserted_by, inserted_at, updated_by, updated_at
FROM il.declaration_requests
WHERE id = @id;

-- name: LockDeclarationRequest :one
-- What decides whether a code may be sent. Nobody changes the row before the
-- transaction ends: a code is never sent for a request that has just been approved.
SELECT status, authentication_method_current, channel, is_shareable, data_legal_entity_id
FROM il.declaration_requests
WHERE id = @id
FOR SHARE;

-- name: ListDeclarationRequests :many
-- A page of what a legal entity may see: its own requests that came by a MIS or
-- are shareable, newest first, with the number of all that match. A page past the
-- end has no row to carry that number: ask again with limit 1, offset 0.
SELECT id, data, status, status_reason,
       declaration_id, declaration_number, parent_declaration_id, authorize_with, mpi_id,
       channel, is_shareable, system_declaration_limit, current_declaration_count,
       data_legal_entity_id, data_employee_id,
       inserted_at, updated_at,
       count(*) OVER () AS total
FROM il.declaration_requests
WHERE data_legal_entity_id = @legal_entity_id::uuid
  AND (channel = 'MIS' OR is_shareable)
  AND (sqlc.narg('employee_id')::uuid IS NULL OR data_employee_id = sqlc.narg('employee_id')::uuid)
  AND (sqlc.narg('status')::text IS NULL OR status = sqlc.narg('status')::text)
  AND (sqlc.narg('channel')::text IS NULL OR channel = sqlc.narg('channel')::text)
ORDER BY inserted_at DESC, id
LIMIT @page_limit OFFSET @page_offset;
