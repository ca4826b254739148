-- One-time passwords and the SMS that carry them.

-- +goose Up
CREATE SCHEMA otp;

CREATE TABLE otp.verifications (
    id              uuid        PRIMARY KEY,
    phone_number    text        NOT NULL,
    status          text        NOT NULL CHECK (status IN ('new', 'verified', 'unverified', 'completed', 'canceled', 'expired')),
    code_hash       bytea       NOT NULL CHECK (octet_length(code_hash) = 32),
    code_expired_at timestamptz NOT NULL,
    active          boolean     NOT NULL,
    attempts_count  integer     NOT NULL DEFAULT 0,
    inserted_at     timestamptz NOT NULL,
    CONSTRAINT verifications_active_check CHECK (active = (status = 'new'))
);
CREATE INDEX verifications_phone_number_idx ON otp.verifications (phone_number, inserted_at DESC);
CREATE UNIQUE INDEX verifications_active_key ON otp.verifications (phone_number) WHERE active;
CREATE INDEX verifications_code_expired_at_idx ON otp.verifications (code_expired_at) WHERE active;
CREATE INDEX verifications_inserted_at_idx ON otp.verifications (inserted_at);
COMMENT ON TABLE otp.verifications IS 'A phone has one live code, whatever process asked for it. Nothing ties a verification to that process but the phone.';
COMMENT ON COLUMN otp.verifications.code_hash IS 'HMAC-SHA-256 under a server key over id and code. Neither the code nor its check digit, which would leave a tenth of the codes to guess, is stored.';

CREATE TABLE otp.verified_phones (
    id           uuid        PRIMARY KEY,
    phone_number text        NOT NULL UNIQUE,
    updated_at   timestamptz NOT NULL
);

CREATE TABLE otp.sms_logs (
    id                uuid        PRIMARY KEY,
    phone_number      text        NOT NULL,
    body              bytea       NOT NULL,
    type              text        NOT NULL DEFAULT 'undefined',
    verification_id   uuid,
    provider          text,
    gateway_id        text,
    gateway_status    text,
    status_changed_at timestamptz,
    inserted_at       timestamptz NOT NULL
);
CREATE INDEX sms_logs_phone_number_idx ON otp.sms_logs (phone_number, inserted_at DESC);
CREATE INDEX sms_logs_inserted_at_idx ON otp.sms_logs (inserted_at, gateway_status);
CREATE INDEX sms_logs_gateway_id_idx ON otp.sms_logs (gateway_id) WHERE gateway_id IS NOT NULL;
COMMENT ON COLUMN otp.sms_logs.body IS 'The text, sealed with AES-GCM under a server key: it may hold a live code.';
COMMENT ON COLUMN otp.sms_logs.gateway_status IS 'The provider''s word (Accepted, Enroute, Delivered, Unknown) or Terminated; null until it took the message.';

-- +goose Down
DROP SCHEMA otp CASCADE;
