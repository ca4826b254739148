-- name: ListServicesOfGroups :many
-- The services that active groups include. What a group below another one includes is not the upper one's.
SELECT DISTINCT i.service_id
FROM prm.service_inclusions i
JOIN prm.service_groups g ON g.id = i.service_group_id
WHERE i.service_group_id = ANY (@groups::uuid[]) AND i.is_active AND g.is_active
ORDER BY i.service_id;
