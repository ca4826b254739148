-- A verification belongs to what asked for it: a code for a phone alone leaves that of a declaration request alive.

-- +goose Up
ALTER TABLE otp.verifications ADD COLUMN resource_id uuid;
DROP INDEX otp.verifications_active_key;
CREATE UNIQUE INDEX verifications_active_key ON otp.verifications (phone_number, resource_id) NULLS NOT DISTINCT WHERE active;
COMMENT ON TABLE otp.verifications IS 'One live code for each phone and what asked for it.';
COMMENT ON COLUMN otp.verifications.resource_id IS 'The approval or declaration request that the code confirms. Null: the phone alone.';

-- +goose Down
UPDATE otp.verifications SET active = false, status = 'canceled' WHERE active AND resource_id IS NOT NULL; -- a phone has one live code
DROP INDEX otp.verifications_active_key;
ALTER TABLE otp.verifications DROP COLUMN resource_id;
CREATE UNIQUE INDEX verifications_active_key ON otp.verifications (phone_number) WHERE active;
COMMENT ON TABLE otp.verifications IS 'A phone has one live code, whatever process asked for it. Nothing ties a verification to that process but the phone.';
