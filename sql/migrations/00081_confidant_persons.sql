-- Persons who act for a person, as requests of version 1 send them.

-- +goose Up
ALTER TABLE mpi.persons ADD COLUMN confidant_person jsonb;
COMMENT ON COLUMN mpi.persons.confidant_person IS 'A list of whole persons, as sent; null of persons whom no request of version 1 has registered or updated.';

-- +goose Down
ALTER TABLE mpi.persons DROP COLUMN confidant_person;
