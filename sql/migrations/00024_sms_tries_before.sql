-- Tries are counted before the provider is called.

-- +goose Up
COMMENT ON COLUMN otp.sms_logs.tries IS 'How many tries may have sent the message: counted before the provider is called, and taken back when the provider did not take it. At most 2; at 2 the phone may have got the message twice.';
COMMENT ON COLUMN otp.sms_logs.gateway_status IS 'The provider''s word, Terminated (never sent) or Unknown (not sent any more, and a try may have sent it); null while the message waits.';

-- +goose Down
COMMENT ON COLUMN otp.sms_logs.tries IS 'Which try the provider took the message in. More than 1: an earlier one failed, or died before its outcome was stored, and the phone may have got the message then too.';
COMMENT ON COLUMN otp.sms_logs.gateway_status IS 'The provider''s word (Accepted, Enroute, Delivered, Unknown) or Terminated; null until it took the message.';
