-- When SMS about a request were sent again, for the limits of DR_MAX_ATTEMPTS_COUNT and DR_SEND_TIMEOUT.

-- +goose Up
CREATE TABLE otp.sms_attempts (
    key     text          PRIMARY KEY,
    sent_at timestamptz[] NOT NULL,
    last_at timestamptz   NOT NULL
);
CREATE INDEX sms_attempts_last_at_idx ON otp.sms_attempts (last_at);
COMMENT ON TABLE otp.sms_attempts IS 'One row for each request, written in the transaction that makes the SMS.';
COMMENT ON COLUMN otp.sms_attempts.key IS 'Kind of the request, a space, and its id.';
COMMENT ON COLUMN otp.sms_attempts.sent_at IS 'The attempts that still count, the oldest first.';

-- +goose Down
DROP TABLE otp.sms_attempts;
