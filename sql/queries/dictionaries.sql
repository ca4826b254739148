-- name: ListCacheVersions :many
-- Versions of what is served from memory. Read before the rows: a change between
-- the two then costs a reload too many, never a stale copy.
SELECT name, version FROM prm.cache_versions;

-- name: BumpCacheVersion :one
-- Belongs in the transaction of the change that other processes must notice.
INSERT INTO prm.cache_versions AS cache (name, version, updated_at)
VALUES (@name, 1, @at)
ON CONFLICT (name) DO UPDATE
SET version = cache.version + 1, updated_at = EXCLUDED.updated_at
RETURNING version;

-- name: ListDictionaries :many
-- The order must not depend on the collation of the deployment's database.
SELECT id, name, description, labels, is_active FROM prm.dictionaries ORDER BY name COLLATE "C";

-- name: ListDictionaryValues :many
SELECT id, dictionary_id, code, description, is_active, parent_id
FROM prm.dictionary_values
ORDER BY dictionary_id, code COLLATE "C";

-- name: UpsertDictionary :one
-- Returns the id that the dictionary has: the given one only if it is new. What
-- somebody else has written last is not touched: a deployment that takes a
-- dictionary or a value out of use must not get it back with the next migration.
WITH written AS (
    INSERT INTO prm.dictionaries AS old
        (id, name, description, labels, is_active, is_editable, inserted_by, inserted_at, updated_by, updated_at)
    VALUES (@id, @name, @description, @labels, true, false, @user_id, @at, @user_id, @at)
    ON CONFLICT (name) DO UPDATE
    SET description = EXCLUDED.description, labels = EXCLUDED.labels, updated_at = EXCLUDED.updated_at
    WHERE old.updated_by = EXCLUDED.updated_by
      AND (old.description, old.labels) IS DISTINCT FROM (EXCLUDED.description, EXCLUDED.labels)
    RETURNING id
)
SELECT written.id, true AS changed FROM written
UNION ALL
SELECT d.id, false FROM prm.dictionaries AS d WHERE d.name = @name AND NOT EXISTS (SELECT FROM written);

-- name: UpsertDictionaryValues :execrows
-- The values of one dictionary; the arrays run in parallel. Counts the rows that
-- changed.
INSERT INTO prm.dictionary_values AS old (id, dictionary_id, code, description, is_active, inserted_by, inserted_at, updated_by, updated_at)
SELECT r.id, @dictionary_id, r.code, r.description, true, @user_id, @at, @user_id, @at
FROM (
    SELECT unnest(@ids::uuid[]) AS id, unnest(@codes::text[]) AS code, unnest(@descriptions::text[]) AS description
) AS r
ON CONFLICT (dictionary_id, code) DO UPDATE
SET description = EXCLUDED.description, updated_at = EXCLUDED.updated_at
WHERE old.updated_by = EXCLUDED.updated_by AND old.description <> EXCLUDED.description;
