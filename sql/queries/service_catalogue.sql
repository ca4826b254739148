-- name: ListServiceGroups :many
SELECT * FROM prm.service_groups ORDER BY code COLLATE "C", id;

-- name: ListCatalogue :many
-- Each service in each group that includes it.
SELECT i.service_group_id, i.alias, sqlc.embed(s)
FROM prm.service_inclusions i
JOIN prm.services s ON s.id = i.service_id
WHERE i.is_active
ORDER BY s.code COLLATE "C", s.id;
