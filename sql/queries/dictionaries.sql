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
SELECT id, name, description, labels, is_active FROM prm.dictionaries ORDER BY name;

-- name: ListDictionaryValues :many
SELECT id, dictionary_id, code, description, is_active, parent_id
FROM prm.dictionary_values
ORDER BY dictionary_id, code;

-- name: UpsertDictionary :one
-- Returns the id that the dictionary has: the given one only if it is new.
INSERT INTO prm.dictionaries (id, name, description, labels, is_active, is_editable, inserted_by, inserted_at, updated_by, updated_at)
VALUES (@id, @name, @description, @labels, @is_active, @is_editable, @user_id, @at, @user_id, @at)
ON CONFLICT (name) DO UPDATE
SET description = EXCLUDED.description,
    labels      = EXCLUDED.labels,
    is_active   = EXCLUDED.is_active,
    is_editable = EXCLUDED.is_editable,
    updated_by  = EXCLUDED.updated_by,
    updated_at  = EXCLUDED.updated_at
RETURNING id;

-- name: UpsertDictionaryValues :execrows
-- The values of one dictionary; the arrays run in parallel, and the zero id
-- stands for no parent. Counts the rows that changed.
INSERT INTO prm.dictionary_values AS old (id, dictionary_id, code, description, is_active, parent_id, inserted_by, inserted_at, updated_by, updated_at)
SELECT r.id, @dictionary_id, r.code, r.description, r.is_active,
       NULLIF(r.parent_id, '00000000-0000-0000-0000-000000000000'), @user_id, @at, @user_id, @at
FROM (
    SELECT unnest(@ids::uuid[]) AS id, unnest(@codes::text[]) AS code, unnest(@descriptions::text[]) AS description,
           unnest(@is_active::boolean[]) AS is_active, unnest(@parent_ids::uuid[]) AS parent_id
) AS r
ON CONFLICT (dictionary_id, code) DO UPDATE
SET description = EXCLUDED.description,
    is_active   = EXCLUDED.is_active,
    parent_id   = EXCLUDED.parent_id,
    updated_by  = EXCLUDED.updated_by,
    updated_at  = EXCLUDED.updated_at
WHERE (old.description, old.is_active, old.parent_id)
    IS DISTINCT FROM (EXCLUDED.description, EXCLUDED.is_active, EXCLUDED.parent_id);
