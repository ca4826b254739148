-- name: GetForbiddenGroup :one
SELECT id, name, creation_reason, deactivation_reason FROM prm.forbidden_groups WHERE id = @id AND is_active;

-- name: ListForbiddenGroupCodes :many
SELECT id, code, system, creation_reason
FROM prm.forbidden_group_codes
WHERE forbidden_group_id = @id AND is_active
ORDER BY system, code COLLATE "C";

-- name: ListForbiddenGroupServices :many
SELECT id, service_id, service_group_id, creation_reason
FROM prm.forbidden_group_services
WHERE forbidden_group_id = @id AND is_active
ORDER BY inserted_at, id;

-- name: ListForbiddenGroups :many
-- A page of active forbidden groups with the number of all that match. A page past the
-- end has no row to carry that number: ask again with limit 1, offset 0.
SELECT g.id, g.name, count(*) OVER () AS total
FROM prm.forbidden_groups g
WHERE g.is_active
  -- strpos, because LIKE would give the caller's % and _ a meaning.
  AND (sqlc.narg('name')::text IS NULL OR strpos(prm.fold_case(g.name), prm.fold_case(sqlc.narg('name')::text)) > 0)
ORDER BY g.inserted_at, g.id
LIMIT @page_limit OFFSET @page_offset;
