-- name: PutMedia :exec
INSERT INTO il.media (name, content, inserted_at) VALUES (@name, @content, @at)
ON CONFLICT (name) DO UPDATE SET content = EXCLUDED.content, inserted_at = EXCLUDED.inserted_at;

-- name: ListMedia :many
-- Those of the files that are there.
SELECT name FROM il.media WHERE name = ANY (@names::text[]);
