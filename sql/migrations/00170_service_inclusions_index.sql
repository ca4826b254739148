-- +goose NO TRANSACTION

-- +goose Up
SET lock_timeout = 0; -- who waits here keeps nobody waiting

DROP INDEX CONCURRENTLY IF EXISTS prm.service_inclusions_service_group_id_idx; -- what a run that was interrupted has left
CREATE INDEX CONCURRENTLY service_inclusions_service_group_id_idx ON prm.service_inclusions (service_group_id) WHERE is_active;

RESET lock_timeout;

-- +goose Down
DROP INDEX prm.service_inclusions_service_group_id_idx;
