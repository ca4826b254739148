-- How declarations and employees are shown, and what their lists and endings look for.

-- +goose Up
ALTER TABLE prm.parties
    ADD COLUMN documents    jsonb,
    ADD COLUMN specialities jsonb;

-- +goose StatementBegin
CREATE FUNCTION prm.profession(speciality jsonb, additional_info jsonb, specialities jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT jsonb_build_object(
        'educations', COALESCE(additional_info -> 'educations', '[]'),
        'qualifications', additional_info -> 'qualifications',
        'science_degree', additional_info -> 'science_degree',
        'specialities', CASE WHEN speciality IS NULL THEN '[]' ELSE jsonb_build_array(speciality) END || COALESCE((
            SELECT jsonb_agg(s || '{"speciality_officio": false}')
            FROM jsonb_array_elements(specialities) AS s
            WHERE s ->> 'speciality' IS DISTINCT FROM speciality ->> 'speciality'), '[]'))
$$;
-- +goose StatementEnd
COMMENT ON FUNCTION prm.profession IS 'The block of an employee that is named after the type: the official speciality first, then the other ones of the party.';

CREATE VIEW il.declaration_details AS
SELECT d.id, d.declaration_number, d.declaration_request_id, d.person_id, d.employee_id, d.legal_entity_id, d.start_date, d.end_date, d.signed_at,
       d.status, d.is_active, d.scope, d.reason, d.reason_description, d.inserted_at, d.updated_at,
       jsonb_build_object(
           'id', p.id, 'first_name', p.first_name, 'last_name', p.last_name, 'second_name', p.second_name, 'birth_date', p.birth_date,
           'gender', p.gender, 'tax_id', p.tax_id, 'birth_country', p.birth_country, 'birth_settlement', p.birth_settlement,
           'verification_status', p.verification_status, 'minfin_validation_status', 'VERIFICATION_NEEDED',
           'emergency_contact', p.emergency_contact, 'phones', (
               SELECT jsonb_agg(jsonb_build_object('type', f.type, 'number', f.number) ORDER BY f.type)
               FROM mpi.person_phones f WHERE f.person_id = p.id)) AS person,
       jsonb_build_object(
           'id', e.id, 'position', e.position, 'employee_type', e.employee_type, 'status', e.status, 'start_date', e.start_date,
           'end_date', e.end_date, 'division_id', e.division_id, 'legal_entity_id', e.legal_entity_id,
           'doctor', CASE WHEN e.employee_type = 'DOCTOR' THEN prm.profession(e.speciality, e.additional_info, a.specialities) END,
           'party', jsonb_build_object('id', a.id, 'first_name', a.first_name, 'last_name', a.last_name, 'second_name', a.second_name)) AS employee,
       jsonb_build_object(
           'id', v.id, 'name', v.name, 'legal_entity_id', v.legal_entity_id, 'type', v.type, 'status', v.status,
           'mountain_group', v.mountain_group, 'dls_id', v.dls_id, 'dls_verified', v.dls_verified) AS division,
       jsonb_build_object(
           'id', l.id, 'name', l.name, 'short_name', l.short_name, 'legal_form', l.legal_form, 'public_name', l.public_name,
           'edrpou', l.edrpou, 'status', l.status, 'email', l.email, 'phones', COALESCE(l.phones, '[]'), 'addresses', l.addresses) AS legal_entity,
       r.authentication_method_current
FROM ops.declarations d
JOIN mpi.persons p ON p.id = d.person_id
JOIN prm.employees e ON e.id = d.employee_id
JOIN prm.parties a ON a.id = e.party_id
JOIN prm.divisions v ON v.id = d.division_id
JOIN prm.legal_entities l ON l.id = d.legal_entity_id
LEFT JOIN il.declaration_requests r ON r.id = d.declaration_request_id;
COMMENT ON VIEW il.declaration_details IS 'A declaration with what the registers know today of those who made it, as objects with the field names of the API.';

ALTER TABLE prm.employees DROP CONSTRAINT employees_status_check;
ALTER TABLE prm.employees ADD CONSTRAINT employees_status_check CHECK (status IN (
    'NEW', 'APPROVED', 'DISMISSED', 'STOPPED', 'ENTERED_IN_ERROR', 'ENTERED IN ERROR', 'AUTODEACTIVATED', 'REORGANIZED')) NOT VALID;

-- +goose Down
ALTER TABLE prm.employees DROP CONSTRAINT employees_status_check;
ALTER TABLE prm.employees ADD CONSTRAINT employees_status_check CHECK (status IN ('NEW', 'APPROVED', 'DISMISSED', 'REORGANIZED')) NOT VALID;
DROP VIEW il.declaration_details;
DROP FUNCTION prm.profession;
ALTER TABLE prm.parties DROP COLUMN documents, DROP COLUMN specialities;
