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

-- name: ListForbiddenItems :many
-- The codes and services of active forbidden groups, each with its group; of them only those asked for, if any are. A code is
-- its dictionary and itself, as events keep it.
SELECT forbidden_group_id, item::text AS item
FROM (
    SELECT c.forbidden_group_id, c.system || '|' || c.code AS item
    FROM prm.forbidden_group_codes c
    WHERE c.is_active
    UNION ALL
    SELECT s.forbidden_group_id, s.service_id::text
    FROM prm.forbidden_group_services s
    WHERE s.is_active AND s.service_id IS NOT NULL
    UNION ALL
    SELECT s.forbidden_group_id, i.service_id::text
    FROM prm.forbidden_group_services s
    JOIN prm.service_groups sg ON sg.id = s.service_group_id AND sg.is_active
    JOIN prm.service_inclusions i ON i.service_group_id = sg.id AND i.is_active
    WHERE s.is_active
) AS items
JOIN prm.forbidden_groups g ON g.id = forbidden_group_id AND g.is_active
WHERE sqlc.narg('wanted')::text[] IS NULL OR item = ANY (sqlc.narg('wanted')::text[])
ORDER BY item COLLATE "C", forbidden_group_id;

-- name: ListUsersOfParty :many
-- The users of the party of a user, who is the same person.
SELECT other.user_id
FROM prm.party_users own
JOIN prm.party_users other ON other.party_id = own.party_id
WHERE own.user_id = @user_id
ORDER BY other.user_id;
