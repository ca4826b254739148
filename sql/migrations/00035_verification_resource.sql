-- A verification belongs to what asked for it: a code for a phone alone leaves that of a declaration request alive.

-- +goose Up
ALTER TABLE otp.verifications ADD COLUMN resource_id uuid;
COMMENT ON TABLE otp.verifications IS 'One live code for each phone and what asked for it.';
COMMENT ON COLUMN otp.verifications.resource_id IS 'The approval or declaration request that the code confirms. Null: the phone alone.';

-- +goose Down
ALTER TABLE otp.verifications DROP COLUMN resource_id;
COMMENT ON TABLE otp.verifications IS 'A phone has one live code, whatever process asked for it. Nothing ties a verification to that process but the phone.';
