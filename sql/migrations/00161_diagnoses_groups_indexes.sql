-- +goose NO TRANSACTION

-- +goose Up
SET lock_timeout = 0; -- who waits here keeps nobody waiting

DROP INDEX CONCURRENTLY IF EXISTS prm.diagnoses_groups_listed_idx; -- what a run that was interrupted has left
CREATE INDEX CONCURRENTLY diagnoses_groups_listed_idx ON prm.diagnoses_groups (inserted_at, id) WHERE is_active;
DROP INDEX CONCURRENTLY IF EXISTS prm.diagnoses_groups_code_idx;
CREATE INDEX CONCURRENTLY diagnoses_groups_code_idx ON prm.diagnoses_groups (code) WHERE is_active;

RESET lock_timeout;

-- +goose Down
DROP INDEX prm.diagnoses_groups_code_idx;
DROP INDEX prm.diagnoses_groups_listed_idx;
