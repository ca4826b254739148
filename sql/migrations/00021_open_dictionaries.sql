-- +goose Up
ALTER TABLE prm.dictionaries ADD COLUMN is_open boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN prm.dictionaries.is_open IS 'Its values are not public, or not all of them: any code is accepted.';

-- +goose Down
ALTER TABLE prm.dictionaries DROP COLUMN is_open;
