-- +goose Up
ALTER TABLE jobs.jobs ADD COLUMN carried_at timestamptz;
COMMENT ON COLUMN jobs.jobs.carried_at IS 'When a request began to carry the job out itself; esoz hold waits for it.';

-- +goose Down
ALTER TABLE jobs.jobs DROP COLUMN carried_at;
