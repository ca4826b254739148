-- name: LockPhone :exec
-- Makes transactions about one phone wait for each other; Initialize and Complete
-- begin with it. Only a queue: that a phone has one live code for each resource is
-- kept by the unique index on active rows.
SELECT pg_advisory_xact_lock(hashtextextended('otp.verifications ' || @phone_number::text, 0));

-- name: CancelActiveVerification :execrows
-- The former code dies when a new one is made for the same resource.
UPDATE otp.verifications
SET status = 'canceled', active = false
WHERE phone_number = @phone_number AND resource_id IS NOT DISTINCT FROM sqlc.narg('resource_id') AND active;

-- name: InsertVerification :exec
INSERT INTO otp.verifications (id, phone_number, resource_id, status, code_hash, code_expired_at, active, attempts_count, inserted_at)
VALUES (@id, @phone_number, @resource_id, 'new', @code_hash, @code_expired_at, true, 0, @inserted_at);

-- name: GetNewestVerification :one
-- Also tells when a code was last made for the phone, for INIT_VERIFICATION_LIMIT.
-- An active row is the newest by construction, so it comes first even when the
-- clock has been set back in between.
SELECT id, phone_number, status, code_expired_at, active, attempts_count, inserted_at
FROM otp.verifications
WHERE phone_number = @phone_number AND (sqlc.narg('resource_id')::uuid IS NULL OR resource_id = sqlc.narg('resource_id'))
ORDER BY active DESC, inserted_at DESC, id
LIMIT 1;

-- name: CountVerificationAttempt :many
-- Counts an attempt at each live code of a phone, or at that of one resource, and gives what is needed to judge
-- it, in one statement. No row: there is no live code (GetNewestVerification tells
-- why). The count stays whatever the judgement: commit it with the refusal. The
-- limit stands in the statement, for it may have been lowered since the last attempt.
UPDATE otp.verifications
SET attempts_count = attempts_count + 1
WHERE phone_number = @phone_number AND (sqlc.narg('resource_id')::uuid IS NULL OR resource_id = sqlc.narg('resource_id'))
    AND active AND attempts_count < @max_attempts
RETURNING id, code_hash, code_expired_at, attempts_count, inserted_at;

-- name: ForgiveVerificationAttempt :exec
-- Takes back the attempt that a right code has cost. The transaction that counted it must hold its row.
UPDATE otp.verifications SET attempts_count = attempts_count - 1 WHERE id = @id;

-- name: CloseVerification :execrows
-- Ends a live code: verified, or unverified after the last attempt.
UPDATE otp.verifications
SET status = @status, active = false
WHERE id = @id AND active;

-- name: InsertVerifiedPhone :exec
INSERT INTO otp.verified_phones (id, phone_number, updated_at)
VALUES (@id, @phone_number, @updated_at)
ON CONFLICT (phone_number) DO NOTHING;

-- name: GetVerifiedPhone :one
SELECT id, phone_number, updated_at FROM otp.verified_phones WHERE phone_number = @phone_number;

-- name: ExpireVerifications :execrows
UPDATE otp.verifications
SET status = 'expired', active = false
WHERE active AND code_expired_at <= @now;

-- name: DeleteOldVerifications :execrows
DELETE FROM otp.verifications
WHERE id IN (SELECT old.id FROM otp.verifications old WHERE old.inserted_at < @inserted_before LIMIT @batch);

-- name: CountCode :one
-- Counts a code, opening a new period when the last has passed. Whoever counts by
-- the same key waits for this transaction to end, so that each sees a number of its
-- own; one that is too high goes with its transaction.
INSERT INTO otp.code_counts AS sent (key, codes, resets_at)
VALUES (@key, 1, @resets_at)
ON CONFLICT (key) DO UPDATE
SET codes     = CASE WHEN sent.resets_at <= @now THEN 1 ELSE sent.codes + 1 END,
    resets_at = CASE WHEN sent.resets_at <= @now THEN EXCLUDED.resets_at ELSE sent.resets_at END
RETURNING codes, resets_at;

-- name: ListCodeCounts :many
-- The counters whose period is not over.
SELECT key, codes, resets_at FROM otp.code_counts WHERE key = ANY(@keys::text[]) AND resets_at > @now;

-- name: DeletePassedCodeCounts :execrows
DELETE FROM otp.code_counts
WHERE key = ANY(ARRAY( -- in no order: it must not wait for those who count, nor they for it
    SELECT passed.key FROM otp.code_counts passed WHERE passed.resets_at <= @now LIMIT @batch FOR UPDATE SKIP LOCKED
));
