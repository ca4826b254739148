-- What the reads of legal entities and their licenses show and look for.

-- +goose Up
CREATE FUNCTION prm.moment(at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;
COMMENT ON FUNCTION prm.moment IS 'A moment in the form of the API, in UTC.';

CREATE TABLE prm.licenses (
    id               uuid        PRIMARY KEY,
    legal_entity_id  uuid        NOT NULL REFERENCES prm.legal_entities (id),
    is_primary       boolean     NOT NULL,
    type             text        NOT NULL,
    license_number   text,
    issued_by        text        NOT NULL,
    issued_date      date        NOT NULL,
    issuer_status    text,
    expiry_date      date,
    active_from_date date        NOT NULL,
    what_licensed    text        NOT NULL,
    order_no         text        NOT NULL,
    is_active        boolean     NOT NULL DEFAULT true,
    inserted_by      uuid        NOT NULL,
    inserted_at      timestamptz NOT NULL,
    updated_by       uuid        NOT NULL,
    updated_at       timestamptz NOT NULL
);
CREATE INDEX licenses_legal_entity_id_idx ON prm.licenses (legal_entity_id, inserted_at, id);
CREATE INDEX licenses_license_number_idx ON prm.licenses (license_number);
CREATE INDEX licenses_type_idx ON prm.licenses (type, inserted_at, id);
CREATE INDEX licenses_inserted_at_idx ON prm.licenses (inserted_at, id) WHERE is_active;
CREATE UNIQUE INDEX licenses_primary_key ON prm.licenses (legal_entity_id) WHERE is_primary AND is_active;

ALTER TABLE prm.legal_entities
    ADD COLUMN edr_data_id  uuid,
    ADD COLUMN edr_state    integer NOT NULL DEFAULT 1,
    ADD COLUMN public_offer jsonb;
COMMENT ON COLUMN prm.legal_entities.edr_data_id IS 'Id in the register of enterprises, whose data stand in this row; null: it was not asked.';

CREATE VIEW prm.license_details AS
SELECT n.id, n.legal_entity_id, n.is_primary, n.is_active,
       jsonb_build_object(
           'id', n.id, 'legal_entity_id', n.legal_entity_id, 'is_primary', n.is_primary, 'type', n.type, 'license_number', n.license_number,
           'issued_by', n.issued_by, 'issued_date', n.issued_date, 'issuer_status', n.issuer_status, 'expiry_date', n.expiry_date,
           'active_from_date', n.active_from_date, 'what_licensed', n.what_licensed, 'order_no', n.order_no, 'is_active', n.is_active,
           'inserted_at', prm.moment(n.inserted_at), 'inserted_by', n.inserted_by,
           'updated_at', prm.moment(n.updated_at), 'updated_by', n.updated_by) AS shown
FROM prm.licenses n;
COMMENT ON VIEW prm.license_details IS 'A license as an object with the field names of the API.';

CREATE VIEW prm.legal_entity_details AS
SELECT l.id,
       jsonb_build_object(
           'id', l.id, 'edrpou', l.edrpou, 'type', l.type, 'status', l.status, 'is_active', l.is_active, 'email', l.email,
           'phones', COALESCE(l.phones, '[]'), 'website', l.website, 'receiver_funds_code', l.receiver_funds_code, 'beneficiary', l.beneficiary,
           'nhs_verified', l.nhs_verified, 'nhs_reviewed', l.nhs_reviewed, 'nhs_comment', l.nhs_comment, 'edr_verified', l.edr_verified,
           'edr', jsonb_build_object(
               'id', COALESCE(l.edr_data_id, l.id), 'name', l.name, 'short_name', l.short_name, 'public_name', l.public_name,
               'legal_form', l.legal_form, 'edrpou', l.edrpou, 'kveds', COALESCE(l.kveds, '[]'),
               'registration_address', l.registration_address, 'state', l.edr_state),
           'residence_address', l.residence_address, 'accreditation', l.accreditation, 'archive', l.archive, 'public_offer', l.public_offer,
           'license', (SELECT d.shown FROM prm.license_details d WHERE d.legal_entity_id = l.id AND d.is_primary AND d.is_active),
           'inserted_at', prm.moment(l.inserted_at), 'inserted_by', l.inserted_by,
           'updated_at', prm.moment(l.updated_at), 'updated_by', l.updated_by) AS shown,
       -- What the deprecated methods show beside it.
       jsonb_build_object(
           'name', l.name, 'short_name', l.short_name, 'public_name', l.public_name, 'owner_property_type', l.owner_property_type,
           'legal_form', l.legal_form, 'addresses', l.addresses, 'created_by_mis_client_id', l.created_by_mis_client_id,
           'kveds', COALESCE((SELECT jsonb_agg(k -> 'code') FROM jsonb_array_elements(l.kveds) k), '[]')) AS former
FROM prm.legal_entities l;
COMMENT ON VIEW prm.legal_entity_details IS 'A legal entity as an object with the field names of the API.';

-- +goose Down
DROP VIEW prm.legal_entity_details;
DROP VIEW prm.license_details;
ALTER TABLE prm.legal_entities DROP COLUMN edr_data_id, DROP COLUMN edr_state, DROP COLUMN public_offer;
DROP TABLE prm.licenses;
DROP FUNCTION prm.moment;
