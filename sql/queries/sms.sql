-- name: InsertSMSLog :exec
INSERT INTO otp.sms_logs (id, phone_number, body, type, verification_id, inserted_at)
VALUES (@id, @phone_number, @body, @type, @verification_id, @inserted_at);

-- name: BeginSMSTry :one
-- Counts a try before the provider is called, so that a try that dies is counted too.
-- No row: the message must not be sent. It has been sent, two tries may have sent it,
-- it is too old, or its code is dead (decisions R35).
UPDATE otp.sms_logs AS m
SET tries = m.tries + 1
WHERE m.id = @id AND m.gateway_status IS NULL AND m.tries < @max_tries AND m.inserted_at > @inserted_after
  AND (m.verification_id IS NULL OR EXISTS (
      SELECT 1 FROM otp.verifications v WHERE v.id = m.verification_id AND v.active AND v.code_expired_at > @now
  ))
RETURNING phone_number, body, tries;

-- name: UndoSMSTry :exec
-- Takes back a try in which the provider did not take the message.
UPDATE otp.sms_logs SET tries = tries - 1 WHERE id = @id AND tries > 0;

-- name: SetSMSStatus :exec
-- What the provider said.
UPDATE otp.sms_logs
SET provider          = @provider::text,
    gateway_id        = @gateway_id::text,
    gateway_status    = @gateway_status::text,
    status_changed_at = @status_changed_at::timestamptz
WHERE id = @id;

-- name: EndSMS :one
-- Ends a message that is not sent any more. Unknown: a try may have sent it.
UPDATE otp.sms_logs
SET provider          = @provider::text,
    gateway_status    = CASE WHEN tries > 0 THEN 'Unknown' ELSE 'Terminated' END,
    status_changed_at = @status_changed_at::timestamptz
WHERE id = @id AND gateway_status IS NULL
RETURNING gateway_status::text;

-- name: ListSMSLogs :many
-- Newest first; of all phones when none is given.
SELECT * FROM otp.sms_logs
WHERE sqlc.narg('phone_number')::text IS NULL OR phone_number = sqlc.narg('phone_number')::text
ORDER BY inserted_at DESC, id DESC
LIMIT @page_limit;

-- name: DeleteOldSMSLogs :execrows
DELETE FROM otp.sms_logs
WHERE id IN (SELECT old.id FROM otp.sms_logs old WHERE old.inserted_at < @inserted_before LIMIT @batch);

-- name: AddSMSAttempt :one
-- Adds an attempt to those that still count, and returns them, the oldest first. Whoever adds to the same key waits for
-- this transaction to end.
INSERT INTO otp.sms_attempts AS sent (key, sent_at, last_at)
VALUES (@key, ARRAY[@now::timestamptz], @now)
ON CONFLICT (key) DO UPDATE
SET sent_at = array_append(ARRAY(SELECT at FROM unnest(sent.sent_at) AS at WHERE at > @since::timestamptz ORDER BY at), @now::timestamptz),
    last_at = @now
RETURNING sent_at;

-- name: ListSMSAttempts :one
-- The attempts that still count, the oldest first.
SELECT ARRAY(SELECT at FROM otp.sms_attempts sent, unnest(sent.sent_at) AS at WHERE sent.key = @key AND at > @since::timestamptz ORDER BY at)::timestamptz[];

-- name: DeletePassedSMSAttempts :execrows
DELETE FROM otp.sms_attempts
WHERE key = ANY(ARRAY(
    SELECT passed.key FROM otp.sms_attempts passed WHERE passed.last_at <= @since LIMIT @batch FOR UPDATE SKIP LOCKED
));
