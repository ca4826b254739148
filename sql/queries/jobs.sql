-- name: InsertJob :one
-- Stores a pending job, or gives the pending one of the same request: the id in
-- the answer tells which. One statement, so that of two parallel requests one
-- waits and gets the other's job. The write on conflict changes nothing; DO
-- NOTHING would return no row.
INSERT INTO jobs.jobs (id, hash, operation, params, request_id, status, status_code, eta, inserted_at, updated_at)
VALUES (@id, @hash, @operation, @params, @request_id, 0, 202, @eta, @at, @at)
ON CONFLICT (hash) WHERE status = 0 DO UPDATE
SET hash = EXCLUDED.hash
RETURNING *;

-- name: GetJob :one
SELECT * FROM jobs.jobs WHERE id = @id;

-- name: GetPendingJob :one
-- By the hashes of a request under each SERVER_KEY.
SELECT * FROM jobs.jobs WHERE hash = ANY(@hashes::text[]) AND status = 0 LIMIT 1;

-- name: LockJobHash :exec
-- Makes transactions about one request wait for each other.
SELECT pg_advisory_xact_lock(hashtextextended('jobs.jobs ' || @hash::text, 0));

-- name: ListPendingJobs :many
SELECT id, operation, params, hash FROM jobs.jobs WHERE status = 0;

-- name: SetJobHash :exec
UPDATE jobs.jobs SET hash = @hash WHERE id = @id AND status = 0;

-- name: ListPendingJobIDs :many
SELECT id FROM jobs.jobs WHERE status = 0 AND inserted_at < @inserted_before;

-- name: FinishJob :execrows
-- Zero rows: the job has ended already, and what was done for it must be undone
-- with the transaction.
UPDATE jobs.jobs
SET status = @status, status_code = @status_code, response = @response, updated_at = @at
WHERE id = @id AND status = 0;

-- name: DeleteFinishedJobs :execrows
DELETE FROM jobs.jobs
WHERE id IN (SELECT old.id FROM jobs.jobs old WHERE old.status <> 0 AND old.updated_at < @updated_before LIMIT @batch);

-- name: CarryJob :exec
UPDATE jobs.jobs SET carried_at = now() WHERE id = @id AND status = 0;

-- name: LeaveJob :exec
UPDATE jobs.jobs SET carried_at = NULL WHERE id = @id AND status = 0;
