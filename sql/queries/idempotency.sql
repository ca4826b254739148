-- name: ClaimIdempotencyKey :execrows
-- Zero rows: the key is another request's, or this one was sent before.
INSERT INTO idempotency.keys AS k (key, request, claim, expires_at)
VALUES (@key, @request, @claim, @expires_at)
ON CONFLICT (key) DO UPDATE
SET request = EXCLUDED.request, claim = EXCLUDED.claim, expires_at = EXCLUDED.expires_at,
    status = NULL, answer = NULL, request_id = NULL
WHERE k.expires_at <= @at;

-- name: GetIdempotencyKey :one
SELECT * FROM idempotency.keys WHERE key = @key;

-- name: AnswerIdempotencyKey :execrows
-- Zero rows: the claim has been taken over, and what was done under it must be
-- undone with the transaction.
UPDATE idempotency.keys
SET status = @status::integer, answer = @answer::bytea, request_id = @request_id::text, expires_at = @expires_at
WHERE key = @key AND claim = @claim;

-- name: ReleaseIdempotencyKey :exec
DELETE FROM idempotency.keys WHERE key = @key AND claim = @claim AND status IS NULL;

-- name: DeleteExpiredIdempotencyKeys :execrows
DELETE FROM idempotency.keys
WHERE key IN (SELECT expired.key FROM idempotency.keys expired WHERE expired.expires_at <= @now LIMIT @batch)
  AND expires_at <= @now;
