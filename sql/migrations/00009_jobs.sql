-- Asynchronous operations as their callers see them. The queue that
-- carries them out is River's, in a schema that its own migrator makes.

-- +goose Up
CREATE SCHEMA jobs;

CREATE TABLE jobs.jobs (
    id          text        PRIMARY KEY CHECK (id ~ '^[0-9a-f]{24}$'),
    hash        text        NOT NULL,
    operation   text        NOT NULL,
    params      bytea       NOT NULL,
    request_id  text        NOT NULL,
    status      integer     NOT NULL CHECK (status BETWEEN 0 AND 3),
    status_code integer     NOT NULL,
    eta         timestamptz NOT NULL,
    response    bytea,
    inserted_at timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
CREATE UNIQUE INDEX jobs_pending_key ON jobs.jobs (hash) WHERE status = 0;
CREATE INDEX jobs_pending_idx ON jobs.jobs (inserted_at) WHERE status = 0;
CREATE INDEX jobs_finished_idx ON jobs.jobs (updated_at) WHERE status <> 0;
COMMENT ON COLUMN jobs.jobs.id IS '24 hex digits, like the ObjectId of the original.';
COMMENT ON COLUMN jobs.jobs.hash IS 'Of the operation and all its parameters: the same request, sent while its job is pending, gets that job.';
COMMENT ON COLUMN jobs.jobs.params IS 'What the worker needs, sealed: a patient''s id is among it.';
COMMENT ON COLUMN jobs.jobs.status IS '0 pending, 1 processed, 2 failed, 3 failed_with_error.';
COMMENT ON COLUMN jobs.jobs.status_code IS '202 while pending, then the HTTP code of the outcome.';
COMMENT ON COLUMN jobs.jobs.response IS 'Links, response data or error of a finished job, sealed: links hold the patient''s id.';

-- +goose Down
DROP SCHEMA jobs CASCADE;
