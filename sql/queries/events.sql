-- name: InsertEvent :exec
INSERT INTO event_manager.events (id, event_type, entity_type, entity_id, properties, event_time, changed_by, inserted_at, updated_at)
VALUES (@id, @event_type, @entity_type, @entity_id, @properties, @event_time, @changed_by, @at, @at);

-- name: GetEvent :one
SELECT id, event_type, entity_type, entity_id, properties, event_time, changed_by
FROM event_manager.events
WHERE id = @id;

-- name: ListEvents :many
-- A page of the events of a period with the number of all that match. A page past
-- the end has no row to carry that number: ask again with limit 1, offset 0.
SELECT id, event_type, entity_type, entity_id, properties, event_time, changed_by,
       count(*) OVER () AS total
FROM event_manager.events
WHERE event_time >= @date_from
  AND event_time < @date_to
  AND (sqlc.narg('event_type')::text IS NULL OR event_type = sqlc.narg('event_type')::text)
  AND (sqlc.narg('entity_type')::text IS NULL OR entity_type = sqlc.narg('entity_type')::text)
  AND (sqlc.narg('attribute_name')::text IS NULL OR properties ->> sqlc.narg('attribute_name')::text IS NOT NULL)
  AND (sqlc.narg('new_value')::text IS NULL
       OR properties -> sqlc.narg('attribute_name')::text ->> 'new_value' = sqlc.narg('new_value')::text)
ORDER BY event_time, id
LIMIT @page_limit OFFSET @page_offset;

-- name: DeleteOldEvents :execrows
-- Keeps the newest events by the time they were stored, however old they are.
DELETE FROM event_manager.events
WHERE id IN (
    SELECT old.id
    FROM event_manager.events old
    WHERE old.inserted_at < @inserted_before
      AND (old.inserted_at, old.id) <= (
          SELECT surplus.inserted_at, surplus.id
          FROM event_manager.events surplus
          ORDER BY surplus.inserted_at DESC, surplus.id DESC
          LIMIT 1 OFFSET @kept)
    LIMIT @batch
);
