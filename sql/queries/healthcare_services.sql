-- name: GetHealthcareService :one
SELECT * FROM prm.healthcare_service_details WHERE id = @id;

-- name: ListHealthcareServices :many
-- A page of active healthcare services with the number of all that match. A page past
-- the end has no row to carry that number: ask again with limit 1, offset 0.
WITH page AS (
    SELECT h.id, h.inserted_at, count(*) OVER () AS total
    FROM prm.healthcare_services h
    WHERE h.is_active
      AND (sqlc.narg('legal_entity_id')::uuid IS NULL OR h.legal_entity_id = sqlc.narg('legal_entity_id')::uuid)
      AND (sqlc.narg('division_id')::uuid IS NULL OR h.division_id = sqlc.narg('division_id')::uuid)
      AND (sqlc.narg('speciality_type')::text IS NULL OR h.speciality_type = sqlc.narg('speciality_type')::text)
      AND (sqlc.narg('providing_condition')::text IS NULL OR h.providing_condition = sqlc.narg('providing_condition')::text)
      AND (sqlc.narg('category')::text IS NULL OR h.category #>> '{coding,0,code}' = sqlc.narg('category')::text)
      AND (sqlc.narg('type')::text IS NULL OR h.type #>> '{coding,0,code}' = sqlc.narg('type')::text)
      AND (sqlc.narg('status')::text IS NULL OR h.status = sqlc.narg('status')::text)
    ORDER BY h.inserted_at, h.id
    LIMIT @page_limit OFFSET @page_offset
)
SELECT sqlc.embed(d), page.total
FROM page
JOIN prm.healthcare_service_details d ON d.id = page.id
ORDER BY page.inserted_at, page.id;
