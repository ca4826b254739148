-- What the reads of employees show and look for.

-- +goose Up
ALTER TABLE prm.parties
    ADD COLUMN working_experience integer,
    ADD COLUMN about_myself       text;

CREATE OR REPLACE VIEW prm.employee_details AS
SELECT e.id, e.employee_type, e.position, e.status, e.is_active, e.start_date, e.end_date,
       prm.profession(e.speciality, e.additional_info, a.specialities) AS profession,
       jsonb_build_object(
           'id', a.id, 'first_name', a.first_name, 'last_name', a.last_name, 'second_name', a.second_name, 'birth_date', a.birth_date,
           'gender', a.gender, 'tax_id', a.tax_id, 'no_tax_id', a.no_tax_id, 'documents', a.documents, 'phones', a.phones,
           'verification_status', a.verification_status, 'minfin_validation_status', 'VERIFICATION_NEEDED',
           'declaration_limit', 0, 'declaration_count', 0,
           'working_experience', a.working_experience, 'about_myself', a.about_myself) AS party,
       (CASE WHEN v.id IS NULL THEN 'null' ELSE jsonb_build_object(
           'id', v.id, 'name', v.name, 'legal_entity_id', v.legal_entity_id, 'type', v.type, 'status', v.status,
           'mountain_group', v.mountain_group, 'dls_id', v.dls_id, 'dls_verified', v.dls_verified) END)::jsonb AS division,
       jsonb_build_object(
           'id', l.id, 'name', l.name, 'short_name', l.short_name, 'public_name', l.public_name, 'type', l.type, 'edrpou', l.edrpou,
           'status', l.status, 'legal_form', l.legal_form, 'owner_property_type', l.owner_property_type, 'mis_verified', l.mis_verified) AS legal_entity,
       e.legal_entity_id,
       jsonb_build_object('specialities', COALESCE(
           e.additional_info -> 'specialities', prm.profession(e.speciality, e.additional_info, a.specialities) -> 'specialities')) AS listed_profession
FROM prm.employees e
JOIN prm.parties a ON a.id = e.party_id
JOIN prm.legal_entities l ON l.id = e.legal_entity_id
LEFT JOIN prm.divisions v ON v.id = e.division_id;
COMMENT ON COLUMN prm.employee_details.listed_profession IS 'What lists show of profession: the specialities as they are stored, where they are.';

-- +goose Down
DROP VIEW prm.employee_details;
CREATE VIEW prm.employee_details AS
SELECT e.id, e.employee_type, e.position, e.status, e.is_active, e.start_date, e.end_date,
       prm.profession(e.speciality, e.additional_info, a.specialities) AS profession,
       jsonb_build_object(
           'id', a.id, 'first_name', a.first_name, 'last_name', a.last_name, 'second_name', a.second_name, 'birth_date', a.birth_date,
           'gender', a.gender, 'tax_id', a.tax_id, 'no_tax_id', a.no_tax_id, 'documents', a.documents, 'phones', a.phones,
           'verification_status', a.verification_status, 'minfin_validation_status', 'VERIFICATION_NEEDED',
           'declaration_limit', 0, 'declaration_count', 0) AS party,
       (CASE WHEN v.id IS NULL THEN 'null' ELSE jsonb_build_object(
           'id', v.id, 'name', v.name, 'legal_entity_id', v.legal_entity_id, 'type', v.type, 'status', v.status,
           'mountain_group', v.mountain_group, 'dls_id', v.dls_id, 'dls_verified', v.dls_verified) END)::jsonb AS division,
       jsonb_build_object(
           'id', l.id, 'name', l.name, 'short_name', l.short_name, 'public_name', l.public_name, 'type', l.type, 'edrpou', l.edrpou,
           'status', l.status, 'legal_form', l.legal_form, 'owner_property_type', l.owner_property_type, 'mis_verified', l.mis_verified) AS legal_entity
FROM prm.employees e
JOIN prm.parties a ON a.id = e.party_id
JOIN prm.legal_entities l ON l.id = e.legal_entity_id
LEFT JOIN prm.divisions v ON v.id = e.division_id;
COMMENT ON VIEW prm.employee_details IS 'An employee with party, division and legal entity as objects with the field names of the API.';
ALTER TABLE prm.parties DROP COLUMN working_experience, DROP COLUMN about_myself;
