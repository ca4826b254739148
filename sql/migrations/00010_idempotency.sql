-- Idempotency keys: requests that may be sent again without being carried out
-- again, and how they were answered.

-- +goose Up
CREATE SCHEMA idempotency;

CREATE TABLE idempotency.keys (
    key        text        PRIMARY KEY,
    request    text        NOT NULL,
    claim      uuid        NOT NULL,
    status     integer,
    answer     bytea,
    request_id text,
    expires_at timestamptz NOT NULL,
    CONSTRAINT keys_answered_check CHECK (num_nulls(status, answer, request_id) IN (0, 3))
);
CREATE INDEX keys_expires_at_idx ON idempotency.keys (expires_at);
COMMENT ON TABLE idempotency.keys IS 'An answer is written in the transaction of what the request has changed: a key has one if and only if its request was carried out.';
COMMENT ON COLUMN idempotency.keys.key IS 'HMAC over the caller (client and user) and the key that was sent.';
COMMENT ON COLUMN idempotency.keys.request IS 'HMAC over method, address and body.';
COMMENT ON COLUMN idempotency.keys.claim IS 'Of the try that carries the request out. One whose claim was taken over cannot commit any more.';
COMMENT ON COLUMN idempotency.keys.status IS 'Null while the request is under way.';
COMMENT ON COLUMN idempotency.keys.answer IS 'The body, sealed: it may hold a patient''s id.';
COMMENT ON COLUMN idempotency.keys.request_id IS 'Of the request that was carried out; it stands in the body.';
COMMENT ON COLUMN idempotency.keys.expires_at IS 'While the request is under way the end of its deadline: the key of a killed server is free again then. Afterwards the time until which the answer is kept.';

-- +goose Down
DROP SCHEMA idempotency CASCADE;
