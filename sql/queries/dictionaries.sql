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

-- name: SetCacheVersion :exec
INSERT INTO prm.cache_versions AS cache (name, version, updated_at)
VALUES (@name, @version, @at)
ON CONFLICT (name) DO UPDATE SET version = EXCLUDED.version, updated_at = EXCLUDED.updated_at;

-- name: ListDictionaries :many
-- The order must not depend on the collation of the deployment's database.
SELECT id, name, description, labels, is_active, is_open FROM prm.dictionaries ORDER BY name COLLATE "C";

-- name: ListDictionaryValues :many
SELECT id, dictionary_id, code, description, is_active, parent_id
FROM prm.dictionary_values
ORDER BY dictionary_id, code COLLATE "C";

-- name: UpsertDictionaries :execrows
-- The arrays run in parallel; labels are separated by commas. Counts the rows that
-- changed. What somebody else has written last is not touched: a deployment that
-- takes a dictionary or a value out of use must not get it back with the next
-- migration.
INSERT INTO prm.dictionaries AS old
    (id, name, description, labels, is_active, is_open, is_editable, inserted_by, inserted_at, updated_by, updated_at)
SELECT r.id, r.name, r.description, string_to_array(r.labels, ','), true, r.is_open, false, @user_id, @at, @user_id, @at
FROM (
    SELECT unnest(@ids::uuid[]) AS id, unnest(@names::text[]) AS name, unnest(@descriptions::text[]) AS description,
        unnest(@labels::text[]) AS labels, unnest(@open::boolean[]) AS is_open
) AS r
ON CONFLICT (name) DO UPDATE
SET description = EXCLUDED.description, labels = EXCLUDED.labels, is_open = EXCLUDED.is_open, updated_at = EXCLUDED.updated_at
WHERE old.updated_by = EXCLUDED.updated_by
  AND (old.description, old.labels, old.is_open) IS DISTINCT FROM (EXCLUDED.description, EXCLUDED.labels, EXCLUDED.is_open);

-- name: UpsertDictionaryValues :execrows
-- The values of dictionaries, which have been written; the arrays run in parallel.
-- A value of the top level has no parent: '' and the zero uuid. A parent that
-- somebody else has written keeps its id. Counts the rows that changed.
INSERT INTO prm.dictionary_values AS old
    (id, dictionary_id, code, description, is_active, parent_id, inserted_by, inserted_at, updated_by, updated_at)
SELECT r.id, dictionary.id, r.code, r.description, r.is_active,
    COALESCE(parent.id, NULLIF(r.parent_id, '00000000-0000-0000-0000-000000000000')), @user_id, @at, @user_id, @at
FROM (
    SELECT unnest(@ids::uuid[]) AS id, unnest(@dictionaries::text[]) AS dictionary, unnest(@codes::text[]) AS code,
        unnest(@descriptions::text[]) AS description, unnest(@actives::boolean[]) AS is_active,
        unnest(@parents::text[]) AS parent, unnest(@parent_ids::uuid[]) AS parent_id
) AS r
JOIN prm.dictionaries AS dictionary ON dictionary.name = r.dictionary
LEFT JOIN prm.dictionary_values AS parent ON parent.dictionary_id = dictionary.id AND parent.code = r.parent AND r.parent <> ''
ON CONFLICT (dictionary_id, code) DO UPDATE
SET description = EXCLUDED.description, updated_at = EXCLUDED.updated_at
WHERE old.updated_by = EXCLUDED.updated_by AND old.description <> EXCLUDED.description;
