-- SMS that may have been delivered more than once are marked.

-- +goose Up
ALTER TABLE otp.sms_logs ADD COLUMN tries integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN otp.sms_logs.tries IS 'Which try the provider took the message in. More than 1: an earlier one failed, or died before its outcome was stored, and the phone may have got the message then too.';

-- +goose Down
ALTER TABLE otp.sms_logs DROP COLUMN tries;
