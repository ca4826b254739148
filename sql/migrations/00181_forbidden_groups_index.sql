-- +goose NO TRANSACTION

-- +goose Up
SET lock_timeout = 0; -- who waits here keeps nobody waiting

DROP INDEX CONCURRENTLY IF EXISTS prm.forbidden_groups_listed_idx; -- what a run that was interrupted has left
CREATE INDEX CONCURRENTLY forbidden_groups_listed_idx ON prm.forbidden_groups (inserted_at, id) WHERE is_active;

RESET lock_timeout;

-- +goose Down
DROP INDEX prm.forbidden_groups_listed_idx;
