-- name: CancelMethodRequests :many
-- The request that a newer one of the person replaces.
UPDATE il.authentication_method_requests
SET status = 'CANCELED', updated_by = @user_id, updated_at = @at
WHERE person_id = @person_id AND status = 'NEW'
RETURNING id;

-- name: InsertMethodRequest :exec
INSERT INTO il.authentication_method_requests (
    id, action, person_id, authentication_method, authentication_method_current, documents, status, channel,
    inserted_by, inserted_at, updated_by, updated_at
) VALUES (
    @id, @action, @person_id, @authentication_method, @authentication_method_current, @documents, 'NEW', 'MIS', @user_id, @at, @user_id, @at
);

-- name: GetMethodRequest :one
SELECT id, action, status, channel, authentication_method, authentication_method_current, documents
FROM il.authentication_method_requests
WHERE id = @id AND person_id = @person_id;

-- name: LockMethodRequest :one
-- What decides whether a code may be sent. Nobody changes the row before the
-- transaction ends: a code is never sent for a request that has just been approved.
SELECT status, authentication_method_current
FROM il.authentication_method_requests
WHERE id = @id AND person_id = @person_id
FOR SHARE;

-- name: CompleteMethodRequest :execrows
UPDATE il.authentication_method_requests SET status = 'COMPLETED', updated_by = @user_id, updated_at = @at
WHERE id = @id AND status = @from_status::text;

-- name: EndMethod :exec
UPDATE mpi.person_authentication_methods SET is_active = false, ended_at = @at::timestamptz, updated_by = @user_id, updated_at = @at
WHERE id = @id AND is_active AND (ended_at IS NULL OR ended_at > @at::timestamptz);

-- name: RenameMethod :exec
UPDATE mpi.person_authentication_methods SET alias = @alias::text, updated_by = @user_id, updated_at = @at WHERE id = @id;

-- name: EndOwnMethods :exec
-- Those that a new own method takes the place of.
UPDATE mpi.person_authentication_methods SET is_active = false, ended_at = @at::timestamptz, updated_by = @user_id, updated_at = @at
WHERE person_id = @person_id AND type IN ('OTP', 'OFFLINE', 'NA') AND is_active AND (ended_at IS NULL OR ended_at > @at::timestamptz);

-- name: SetVerificationStatus :exec
UPDATE mpi.persons SET verification_status = @status, updated_by = @user_id, updated_at = @at WHERE id = @id;

-- name: CleanMethodRequests :many
-- Removes what old requests tell of the person, and their scans. What was not
-- approved by then is EXPIRED.
WITH old AS (
    SELECT id, documents FROM il.authentication_method_requests
    WHERE authentication_method IS NOT NULL AND inserted_at < GREATEST(@expired_before::timestamptz, @cleaned_before::timestamptz)
      AND (inserted_at < @cleaned_before::timestamptz OR status = 'NEW' AND inserted_at < @expired_before::timestamptz)
    ORDER BY inserted_at
    LIMIT @batch
    FOR UPDATE SKIP LOCKED
), scans AS (
    DELETE FROM il.media m USING old, jsonb_array_elements(COALESCE(old.documents, '[]')) AS scan
    WHERE m.name = 'authentication_method_requests/' || old.id || '/authentication_method_request_' || (scan ->> 'type') || '.jpeg'
)
UPDATE il.authentication_method_requests r
SET status = CASE WHEN r.status = 'NEW' THEN 'EXPIRED' ELSE r.status END, authentication_method = NULL, authentication_method_current = NULL,
    documents = NULL, updated_by = @user_id, updated_at = @at
FROM old
WHERE r.id = old.id
RETURNING r.id, r.status;
