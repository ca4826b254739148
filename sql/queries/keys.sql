-- name: ListKeys :many
-- The oldest first.
SELECT id FROM admin.keys WHERE name = @name ORDER BY inserted_at, id;

-- name: InsertKey :exec
INSERT INTO admin.keys (name, id, inserted_at) VALUES (@name, @id, @at) ON CONFLICT DO NOTHING;

-- name: DeleteFormerKeys :exec
DELETE FROM admin.keys WHERE name = @name AND id <> @id::text;

-- name: LastUseOfFormerKeys :one
-- Until when codes and idempotency keys that exist now may be sent: neither can be hashed anew.
SELECT GREATEST(
    @now::timestamptz,
    (SELECT max(code_expired_at) FROM otp.verifications WHERE active),
    (SELECT max(expires_at) FROM idempotency.keys)
)::timestamptz AS at;
