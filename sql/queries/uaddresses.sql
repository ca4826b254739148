-- name: ListAreas :many
SELECT id, name, COALESCE(koatuu, '')::text AS koatuu FROM uaddresses.areas ORDER BY name, id;

-- name: ListRegions :many
SELECT id, area_id, name, COALESCE(koatuu, '')::text AS koatuu FROM uaddresses.regions ORDER BY name, id;

-- name: ListSettlements :many
SELECT id, region_id, area_id, name, mountain_group, COALESCE(koatuu, '')::text AS koatuu, type, parent_settlement_id
FROM uaddresses.settlements
ORDER BY name, id;

-- name: ListStreets :many
SELECT id, settlement_id, type, name FROM uaddresses.streets ORDER BY settlement_id, name, id;

-- name: ListStreetAliases :many
SELECT id, street_id, name FROM uaddresses.streets_aliases ORDER BY street_id, name, id;

-- name: UpsertAreas :execrows
-- In the batches of an import the arrays run in parallel, the zero id stands for
-- none, and the count is of rows that changed: an import run twice reports nothing
-- the second time.
INSERT INTO uaddresses.areas AS old (id, name, koatuu, inserted_at, updated_at)
SELECT r.id, r.name, r.koatuu, @at, @at
FROM (
    SELECT unnest(@ids::uuid[]) AS id, unnest(@names::text[]) AS name, unnest(@koatuus::text[]) AS koatuu
) AS r
ON CONFLICT (id) DO UPDATE
SET name = EXCLUDED.name, koatuu = EXCLUDED.koatuu, updated_at = EXCLUDED.updated_at
WHERE (old.name, old.koatuu) IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.koatuu);

-- name: UpsertRegions :execrows
INSERT INTO uaddresses.regions AS old (id, area_id, name, koatuu, inserted_at, updated_at)
SELECT r.id, r.area_id, r.name, r.koatuu, @at, @at
FROM (
    SELECT unnest(@ids::uuid[]) AS id, unnest(@area_ids::uuid[]) AS area_id,
           unnest(@names::text[]) AS name, unnest(@koatuus::text[]) AS koatuu
) AS r
ON CONFLICT (id) DO UPDATE
SET area_id = EXCLUDED.area_id, name = EXCLUDED.name, koatuu = EXCLUDED.koatuu, updated_at = EXCLUDED.updated_at
WHERE (old.area_id, old.name, old.koatuu) IS DISTINCT FROM (EXCLUDED.area_id, EXCLUDED.name, EXCLUDED.koatuu);

-- name: UpsertSettlements :execrows
-- New settlements get mountain_group false; what is known of old ones stays.
INSERT INTO uaddresses.settlements AS old (id, region_id, area_id, name, koatuu, type, parent_settlement_id, mountain_group, inserted_at, updated_at)
SELECT r.id, NULLIF(r.region_id, '00000000-0000-0000-0000-000000000000'), r.area_id, r.name, r.koatuu, r.type,
       NULLIF(r.parent_settlement_id, '00000000-0000-0000-0000-000000000000'), false, @at, @at
FROM (
    SELECT unnest(@ids::uuid[]) AS id, unnest(@region_ids::uuid[]) AS region_id, unnest(@area_ids::uuid[]) AS area_id,
           unnest(@names::text[]) AS name, unnest(@koatuus::text[]) AS koatuu, unnest(@types::text[]) AS type,
           unnest(@parent_settlement_ids::uuid[]) AS parent_settlement_id
) AS r
ON CONFLICT (id) DO UPDATE
SET region_id            = EXCLUDED.region_id,
    area_id              = EXCLUDED.area_id,
    name                 = EXCLUDED.name,
    koatuu               = EXCLUDED.koatuu,
    type                 = EXCLUDED.type,
    parent_settlement_id = EXCLUDED.parent_settlement_id,
    updated_at           = EXCLUDED.updated_at
WHERE (old.region_id, old.area_id, old.name, old.koatuu, old.type, old.parent_settlement_id)
    IS DISTINCT FROM (EXCLUDED.region_id, EXCLUDED.area_id, EXCLUDED.name, EXCLUDED.koatuu, EXCLUDED.type, EXCLUDED.parent_settlement_id);

-- name: SetMountainGroup :execrows
-- The law's list of mountain settlements, which the codifier does not carry.
UPDATE uaddresses.settlements
SET mountain_group = @mountain_group, updated_at = @at
WHERE id = ANY (@ids::uuid[]) AND mountain_group <> @mountain_group;

-- name: UpsertStreets :execrows
INSERT INTO uaddresses.streets AS old (id, settlement_id, type, name, inserted_at, updated_at)
SELECT r.id, r.settlement_id, r.type, r.name, @at, @at
FROM (
    SELECT unnest(@ids::uuid[]) AS id, unnest(@settlement_ids::uuid[]) AS settlement_id,
           unnest(@types::text[]) AS type, unnest(@names::text[]) AS name
) AS r
ON CONFLICT (id) DO UPDATE
SET settlement_id = EXCLUDED.settlement_id, type = EXCLUDED.type, name = EXCLUDED.name, updated_at = EXCLUDED.updated_at
WHERE (old.settlement_id, old.type, old.name) IS DISTINCT FROM (EXCLUDED.settlement_id, EXCLUDED.type, EXCLUDED.name);

-- name: UpsertStreetAliases :execrows
INSERT INTO uaddresses.streets_aliases AS old (id, street_id, name)
SELECT r.id, r.street_id, r.name
FROM (
    SELECT unnest(@ids::uuid[]) AS id, unnest(@street_ids::uuid[]) AS street_id, unnest(@names::text[]) AS name
) AS r
ON CONFLICT (id) DO UPDATE
SET street_id = EXCLUDED.street_id, name = EXCLUDED.name
WHERE (old.street_id, old.name) IS DISTINCT FROM (EXCLUDED.street_id, EXCLUDED.name);
