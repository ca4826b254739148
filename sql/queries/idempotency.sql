-- name: ClaimIdempotencyKey :execrows
-- Claims the hashes of a key under each SERVER_KEY. Fewer rows: the key is another request's, or this one was
-- sent before. Servers with other lists of keys claim in the same order.
INSERT INTO idempotency.keys AS k (key, request, claim, expires_at)
SELECT s.key, s.request, @claim::uuid, @expires_at::timestamptz
FROM (SELECT unnest(@keys::text[]) AS key, unnest(@requests::text[]) AS request) s
ORDER BY s.key
ON CONFLICT (key) DO UPDATE
SET request = EXCLUDED.request, claim = EXCLUDED.claim, expires_at = EXCLUDED.expires_at,
    status = NULL, answer = NULL, request_id = NULL
WHERE k.expires_at <= @at::timestamptz;

-- name: GetIdempotencyKey :one
SELECT * FROM idempotency.keys WHERE key = ANY(@keys::text[]) ORDER BY expires_at DESC LIMIT 1;

-- name: AnswerIdempotencyKey :execrows
-- Fewer rows than keys: the claim has been taken over, and what was done under it must be
-- undone with the transaction.
UPDATE idempotency.keys
SET status = @status::integer, answer = @answer::bytea, request_id = @request_id::text, expires_at = @expires_at
WHERE key = ANY(@keys::text[]) AND claim = @claim;

-- name: ReleaseIdempotencyKey :exec
DELETE FROM idempotency.keys WHERE key = ANY(@keys::text[]) AND claim = @claim AND status IS NULL;

-- name: DeleteExpiredIdempotencyKeys :execrows
DELETE FROM idempotency.keys
WHERE key IN (SELECT expired.key FROM idempotency.keys expired WHERE expired.expires_at <= @now LIMIT @batch)
  AND expires_at <= @now;
