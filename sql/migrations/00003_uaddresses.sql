-- Addresses (uaddresses 2019). Public "region" is areas here, public
-- "district" is regions.
--
-- Nothing here is searched by text: the service answers from memory, so neither
-- pg_trgm nor its indexes are needed. There are no foreign keys, as in the
-- original: that a settlement's area or region exists is a documented check.

-- +goose Up
CREATE SCHEMA uaddresses;

CREATE TABLE uaddresses.areas (
    id          uuid         PRIMARY KEY,
    name        varchar(50)  NOT NULL UNIQUE,
    koatuu      varchar(19),
    inserted_at timestamptz  NOT NULL,
    updated_at  timestamptz  NOT NULL
);
COMMENT ON TABLE uaddresses.areas IS 'Oblasts, and the two cities with their rights.';
COMMENT ON COLUMN uaddresses.areas.koatuu IS 'Code of the national codifier; KATOTTG codes, which replaced KOATUU, have 19 characters.';

CREATE TABLE uaddresses.regions (
    id          uuid         PRIMARY KEY,
    area_id     uuid         NOT NULL,
    name        varchar(255) NOT NULL,
    koatuu      varchar(19),
    inserted_at timestamptz  NOT NULL,
    updated_at  timestamptz  NOT NULL,
    UNIQUE (area_id, name)
);
COMMENT ON TABLE uaddresses.regions IS 'Raions.';

CREATE TABLE uaddresses.settlements (
    id                   uuid         PRIMARY KEY,
    region_id            uuid,
    area_id              uuid         NOT NULL,
    name                 varchar(255) NOT NULL,
    mountain_group       boolean      NOT NULL DEFAULT false,
    koatuu               varchar(19),
    type                 varchar(50)  NOT NULL,
    parent_settlement_id uuid,
    inserted_at          timestamptz  NOT NULL,
    updated_at           timestamptz  NOT NULL
);
COMMENT ON COLUMN uaddresses.settlements.region_id IS 'Null for a city with the rights of an oblast.';
COMMENT ON COLUMN uaddresses.settlements.mountain_group IS 'Not part of the codifier: an import never changes it.';

CREATE TABLE uaddresses.streets (
    id            uuid         PRIMARY KEY,
    settlement_id uuid         NOT NULL,
    type          varchar(255) NOT NULL,
    name          varchar(255) NOT NULL,
    inserted_at   timestamptz  NOT NULL,
    updated_at    timestamptz  NOT NULL
);

CREATE TABLE uaddresses.streets_aliases (
    id        uuid         PRIMARY KEY,
    street_id uuid         NOT NULL,
    name      varchar(255) NOT NULL
);
COMMENT ON TABLE uaddresses.streets_aliases IS 'All names of a street, the present one and the former ones.';

-- +goose Down
DROP SCHEMA uaddresses CASCADE;
