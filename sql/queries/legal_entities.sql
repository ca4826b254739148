-- name: GetLegalEntityDetails :one
SELECT * FROM prm.legal_entity_details WHERE id = @id;

-- name: ListLegalEntities :many
-- A page of active legal entities with the number of all that match. A page past the
-- end has no row to carry that number: ask again with limit 1, offset 0.
WITH page AS (
    SELECT l.id, l.inserted_at, count(*) OVER () AS total
    FROM prm.legal_entities l
    WHERE l.is_active AND l.type <> 'MIS'
      AND (sqlc.narg('id')::uuid IS NULL OR l.id = sqlc.narg('id')::uuid)
      AND (sqlc.narg('edrpou')::text IS NULL OR l.edrpou = sqlc.narg('edrpou')::text)
      AND (sqlc.narg('settlement_id')::uuid IS NULL OR l.residence_address ->> 'settlement_id' = sqlc.narg('settlement_id')::uuid::text)
      AND (sqlc.narg('type')::text IS NULL OR l.type = sqlc.narg('type')::text)
      AND (sqlc.narg('status')::text IS NULL OR l.status = sqlc.narg('status')::text)
      AND (sqlc.narg('nhs_verified')::boolean IS NULL OR l.nhs_verified = sqlc.narg('nhs_verified')::boolean)
      AND (sqlc.narg('owner_property_type')::text IS NULL OR lower(l.owner_property_type) = lower(sqlc.narg('owner_property_type')::text))
    ORDER BY l.inserted_at, l.id
    LIMIT @page_limit OFFSET @page_offset
)
SELECT sqlc.embed(d), page.total
FROM page
JOIN prm.legal_entity_details d ON d.id = page.id
ORDER BY page.inserted_at, page.id;

-- name: ListLicenses :many
-- A page of active licenses with the number of all that match. A page past the end has
-- no row to carry that number: ask again with limit 1, offset 0.
WITH page AS (
    SELECT n.id, n.inserted_at, count(*) OVER () AS total
    FROM prm.licenses n
    WHERE n.is_active
      AND (sqlc.narg('legal_entity_id')::uuid IS NULL OR n.legal_entity_id = sqlc.narg('legal_entity_id')::uuid)
      AND (sqlc.narg('id')::uuid IS NULL OR n.id = sqlc.narg('id')::uuid)
      AND (sqlc.narg('license_number')::text IS NULL OR n.license_number = sqlc.narg('license_number')::text)
      AND (sqlc.narg('type')::text IS NULL OR n.type = sqlc.narg('type')::text)
      AND (sqlc.narg('is_primary')::boolean IS NULL OR n.is_primary = sqlc.narg('is_primary')::boolean)
    ORDER BY n.inserted_at, n.id
    LIMIT @page_limit OFFSET @page_offset
)
SELECT sqlc.embed(d), page.total
FROM page
JOIN prm.license_details d ON d.id = page.id
ORDER BY page.inserted_at, page.id;
