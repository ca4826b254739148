-- name: ListAreas :many
-- Lists are sorted in memory, by the Ukrainian alphabet.
SELECT id, name, COALESCE(koatuu, '')::text AS koatuu FROM uaddresses.areas;

-- name: ListRegions :many
SELECT id, area_id, name, COALESCE(koatuu, '')::text AS koatuu FROM uaddresses.regions;

-- name: ListSettlements :many
SELECT id, region_id, area_id, name, mountain_group, COALESCE(koatuu, '')::text AS koatuu, type, parent_settlement_id
FROM uaddresses.settlements;

-- name: ListStreets :many
SELECT id, settlement_id, type, name FROM uaddresses.streets;

-- name: ListStreetAliases :many
SELECT id, street_id, name FROM uaddresses.streets_aliases ORDER BY street_id, name, id;

-- name: FreeNames :exec
-- Gives places that an import renames a name that no other has, so that their old
-- names can go to others in any order.
WITH areas AS (
    UPDATE uaddresses.areas SET name = id::text WHERE id = ANY (@ids::uuid[])
)
UPDATE uaddresses.regions SET name = id::text WHERE id = ANY (@ids::uuid[]);

-- name: UpsertAreas :one
-- In the batches of an import the arrays run in parallel, and the zero id stands
-- for none. A row that is already so is not touched, and with overwrite false no
-- row that is there at all. The counts are of rows written: an import run twice
-- reports nothing the second time.
WITH written AS (
    INSERT INTO uaddresses.areas AS old (id, name, koatuu, inserted_at, updated_at)
    SELECT r.id, r.name, r.koatuu, @at, @at
    FROM (
        SELECT unnest(@ids::uuid[]) AS id, unnest(@names::text[]) AS name, unnest(@koatuus::text[]) AS koatuu
    ) AS r
    ON CONFLICT (id) DO UPDATE
    SET name = EXCLUDED.name, koatuu = EXCLUDED.koatuu, updated_at = EXCLUDED.updated_at
    WHERE @overwrite::boolean AND (old.name, old.koatuu) IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.koatuu)
    RETURNING xmax = 0 AS inserted -- xmax is 0 in a row that replaces none
)
SELECT count(*) FILTER (WHERE inserted) AS inserted, count(*) FILTER (WHERE NOT inserted) AS changed FROM written;

-- name: UpsertRegions :one
WITH written AS (
    INSERT INTO uaddresses.regions AS old (id, area_id, name, koatuu, inserted_at, updated_at)
    SELECT r.id, r.area_id, r.name, r.koatuu, @at, @at
    FROM (
        SELECT unnest(@ids::uuid[]) AS id, unnest(@area_ids::uuid[]) AS area_id,
               unnest(@names::text[]) AS name, unnest(@koatuus::text[]) AS koatuu
    ) AS r
    ON CONFLICT (id) DO UPDATE
    SET area_id = EXCLUDED.area_id, name = EXCLUDED.name, koatuu = EXCLUDED.koatuu, updated_at = EXCLUDED.updated_at
    WHERE @overwrite::boolean
      AND (old.area_id, old.name, old.koatuu) IS DISTINCT FROM (EXCLUDED.area_id, EXCLUDED.name, EXCLUDED.koatuu)
    RETURNING xmax = 0 AS inserted
)
SELECT count(*) FILTER (WHERE inserted) AS inserted, count(*) FILTER (WHERE NOT inserted) AS changed FROM written;

-- name: UpsertSettlements :one
-- New settlements get mountain_group false; what is known of old ones stays, as
-- do their parent settlements: the codifier tells neither.
WITH written AS (
    INSERT INTO uaddresses.settlements AS old (id, region_id, area_id, name, koatuu, type, mountain_group, inserted_at, updated_at)
    SELECT r.id, NULLIF(r.region_id, '00000000-0000-0000-0000-000000000000'), r.area_id, r.name, r.koatuu, r.type, false, @at, @at
    FROM (
        SELECT unnest(@ids::uuid[]) AS id, unnest(@region_ids::uuid[]) AS region_id, unnest(@area_ids::uuid[]) AS area_id,
               unnest(@names::text[]) AS name, unnest(@koatuus::text[]) AS koatuu, unnest(@types::text[]) AS type
    ) AS r
    ON CONFLICT (id) DO UPDATE
    SET region_id  = EXCLUDED.region_id,
        area_id    = EXCLUDED.area_id,
        name       = EXCLUDED.name,
        koatuu     = EXCLUDED.koatuu,
        type       = EXCLUDED.type,
        updated_at = EXCLUDED.updated_at
    WHERE @overwrite::boolean
      AND (old.region_id, old.area_id, old.name, old.koatuu, old.type)
        IS DISTINCT FROM (EXCLUDED.region_id, EXCLUDED.area_id, EXCLUDED.name, EXCLUDED.koatuu, EXCLUDED.type)
    RETURNING xmax = 0 AS inserted
)
SELECT count(*) FILTER (WHERE inserted) AS inserted, count(*) FILTER (WHERE NOT inserted) AS changed FROM written;

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
