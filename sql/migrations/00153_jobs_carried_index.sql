-- +goose NO TRANSACTION

-- +goose Up
SET lock_timeout = 0; -- who waits here keeps nobody waiting

DROP INDEX CONCURRENTLY IF EXISTS jobs.jobs_carried_idx; -- what a run that was interrupted has left
CREATE INDEX CONCURRENTLY jobs_carried_idx ON jobs.jobs (carried_at) WHERE carried_at IS NOT NULL;

RESET lock_timeout;

-- +goose Down
DROP INDEX jobs.jobs_carried_idx;
