-- +goose NO TRANSACTION

-- +goose Up
SET lock_timeout = 0; -- who waits here keeps nobody waiting

DROP INDEX CONCURRENTLY IF EXISTS prm.medical_programs_listed_idx; -- what a run that was interrupted has left
CREATE INDEX CONCURRENTLY medical_programs_listed_idx ON prm.medical_programs (is_active, inserted_at, id);
DROP INDEX CONCURRENTLY IF EXISTS prm.program_services_listed_idx;
CREATE INDEX CONCURRENTLY program_services_listed_idx ON prm.program_services (program_id, inserted_at, id) WHERE is_active;

RESET lock_timeout;

-- +goose Down
DROP INDEX prm.program_services_listed_idx;
DROP INDEX prm.medical_programs_listed_idx;
