-- Requests whose data is to be removed are found by their age.

-- +goose Up
CREATE INDEX person_requests_age_idx ON il.person_requests (inserted_at) WHERE data IS NOT NULL;

-- +goose Down
DROP INDEX il.person_requests_age_idx;
