-- name: GetEmployeeRequest :one
SELECT * FROM il.employee_request_details WHERE id = @id;

-- name: ListEmployeeRequests :many
-- A page of employee requests, newest first, with the number of all that match. A page
-- past the end has no row to carry that number: ask again with limit 1, offset 0.
WITH page AS (
    SELECT r.id, r.inserted_at, count(*) OVER () AS total
    FROM il.employee_requests r
    JOIN prm.legal_entities l ON l.id = r.legal_entity_id
    WHERE (sqlc.narg('legal_entity_id')::uuid IS NULL OR r.legal_entity_id = sqlc.narg('legal_entity_id')::uuid)
      AND (sqlc.narg('id')::uuid IS NULL OR r.id = sqlc.narg('id')::uuid)
      AND (sqlc.narg('edrpou')::text IS NULL OR l.edrpou = sqlc.narg('edrpou')::text)
      -- A part of the name, in any case; strpos, because LIKE would give the caller's % and _ a meaning.
      AND (sqlc.narg('legal_entity_name')::text IS NULL OR strpos(prm.fold_case(l.name), prm.fold_case(sqlc.narg('legal_entity_name')::text)) > 0)
      AND (sqlc.narg('no_tax_id')::boolean IS NULL OR COALESCE(r.data #> '{party,no_tax_id}' = 'true', false) = sqlc.narg('no_tax_id')::boolean)
      AND (sqlc.narg('status')::text IS NULL OR r.status = sqlc.narg('status')::text)
    ORDER BY r.inserted_at DESC, r.id
    LIMIT @page_limit OFFSET @page_offset
)
SELECT sqlc.embed(d), page.total
FROM page
JOIN il.employee_request_details d ON d.id = page.id
ORDER BY page.inserted_at DESC, page.id;
