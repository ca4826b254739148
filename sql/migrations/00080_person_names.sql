-- +goose Up
-- Persons whom requests of version 3 register: names in several languages, and addresses abroad.
ALTER TABLE mpi.persons ADD COLUMN names jsonb;
COMMENT ON COLUMN mpi.persons.names IS 'Names in all languages, as sent; null of persons who are known by first_name, last_name and second_name alone.';

ALTER TABLE mpi.person_addresses
    ALTER COLUMN area DROP NOT NULL,
    ALTER COLUMN settlement DROP NOT NULL,
    ALTER COLUMN settlement_type DROP NOT NULL,
    ALTER COLUMN settlement_id DROP NOT NULL;

-- +goose Down
DELETE FROM mpi.person_addresses WHERE area IS NULL OR settlement IS NULL OR settlement_type IS NULL OR settlement_id IS NULL;
ALTER TABLE mpi.person_addresses
    ALTER COLUMN area SET NOT NULL,
    ALTER COLUMN settlement SET NOT NULL,
    ALTER COLUMN settlement_type SET NOT NULL,
    ALTER COLUMN settlement_id SET NOT NULL;
ALTER TABLE mpi.persons DROP COLUMN names;
