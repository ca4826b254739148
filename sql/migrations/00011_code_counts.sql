-- How many one-time codes were sent, for the limits of OTP_PHONE_LIMIT, OTP_RESOURCE_LIMIT and
-- OTP_LEGAL_ENTITY_DAILY_LIMIT.

-- +goose Up
CREATE TABLE otp.code_counts (
    key       text        PRIMARY KEY,
    codes     bigint      NOT NULL,
    resets_at timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX code_counts_resets_at_idx ON otp.code_counts (resets_at);
COMMENT ON TABLE otp.code_counts IS 'One row for each phone, approval, declaration request and legal entity that codes are counted for, written in the transaction that makes the code.';
COMMENT ON COLUMN otp.code_counts.key IS 'phone, resource or legal_entity, a space, and the number or id.';

-- +goose Down
DROP TABLE otp.code_counts;
