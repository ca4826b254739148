-- name: InsertSMSLog :exec
INSERT INTO otp.sms_logs (id, phone_number, body, type, verification_id, inserted_at)
VALUES (@id, @phone_number, @body, @type, @verification_id, @inserted_at);

-- name: GetSMSLog :one
SELECT * FROM otp.sms_logs WHERE id = @id;

-- name: SetSMSStatus :execrows
-- What the provider said; a null gateway id keeps the one known before.
UPDATE otp.sms_logs
SET provider          = @provider::text,
    gateway_id        = COALESCE(sqlc.narg('gateway_id'), gateway_id),
    gateway_status    = @gateway_status::text,
    status_changed_at = @status_changed_at::timestamptz,
    tries             = GREATEST(tries, @tries::integer) -- a first try may end after the second
WHERE id = @id;

-- name: ListSMSLogs :many
-- Newest first; of all phones when none is given.
SELECT * FROM otp.sms_logs
WHERE sqlc.narg('phone_number')::text IS NULL OR phone_number = sqlc.narg('phone_number')::text
ORDER BY inserted_at DESC, id DESC
LIMIT @page_limit;

-- name: DeleteOldSMSLogs :execrows
DELETE FROM otp.sms_logs
WHERE id IN (SELECT old.id FROM otp.sms_logs old WHERE old.inserted_at < @inserted_before LIMIT @batch);
