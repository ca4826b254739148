-- Requests to change how a person confirms (wiki 616431639).

-- +goose Up
CREATE TABLE il.authentication_method_requests (
    id                            uuid        PRIMARY KEY,
    action                        text        NOT NULL CHECK (action IN ('INSERT', 'UPDATE', 'DEACTIVATE')),
    person_id                     uuid        NOT NULL REFERENCES mpi.persons (id),
    authentication_method         jsonb,
    authentication_method_current jsonb,
    documents                     jsonb,
    status                        text        NOT NULL CHECK (status IN ('NEW', 'COMPLETED', 'CANCELED', 'EXPIRED')),
    channel                       text        NOT NULL CHECK (channel IN ('MIS', 'PIS', 'CABINET')),
    inserted_by                   uuid        NOT NULL,
    inserted_at                   timestamptz NOT NULL,
    updated_by                    uuid        NOT NULL,
    updated_at                    timestamptz NOT NULL
);
CREATE INDEX authentication_method_requests_new_idx ON il.authentication_method_requests (person_id) WHERE status = 'NEW';
CREATE INDEX authentication_method_requests_age_idx ON il.authentication_method_requests (inserted_at) WHERE authentication_method IS NOT NULL;
COMMENT ON COLUMN il.authentication_method_requests.authentication_method IS 'As it was sent. The expiry job nulls it, authentication_method_current and documents.';
COMMENT ON COLUMN il.authentication_method_requests.authentication_method_current IS 'type OTP, OFFLINE or NA, and phone_number: unmasked, since codes are sent to it.';

-- +goose Down
DROP TABLE il.authentication_method_requests;
