-- name: GetReferredEmployee :one
SELECT e.status, e.employee_type, e.legal_entity_id, e.party_id, e.end_date, coalesce(e.speciality ->> 'speciality', '')::text AS speciality, p.first_name, p.second_name, p.last_name, p.tax_id
FROM prm.employees e
JOIN prm.parties p ON p.id = e.party_id
WHERE e.id = @id;

-- name: GetReferredDivision :one
SELECT status, name, legal_entity_id, dls_verified FROM prm.divisions WHERE id = @id AND is_active;

-- name: GetReferredLegalEntity :one
SELECT status, type, public_name FROM prm.legal_entities WHERE id = @id;

-- name: HasDeclarationWithEmployees :one
-- Whether the person has a declaration in force with one of the employees in the legal entity.
SELECT EXISTS (
    SELECT 1 FROM ops.declarations
    WHERE person_id = @person_id AND employee_id = ANY (@employees::uuid[]) AND legal_entity_id = @legal_entity_id
      AND status IN ('active', 'pending_verification') AND is_active
);

-- name: GetReferredForbiddenGroup :one
SELECT is_active FROM prm.forbidden_groups WHERE id = @id;

-- name: GetReferredDiagnosesGroup :one
SELECT is_active FROM prm.diagnoses_groups WHERE id = @id;

-- name: GetReferredServiceGroup :one
SELECT is_active, request_allowed FROM prm.service_groups WHERE id = @id;

-- name: GetReferredService :one
-- The groups are those in use that include the service.
SELECT s.is_active, s.category, s.name, s.request_allowed, ARRAY (
    SELECT i.service_group_id
    FROM prm.service_inclusions i
    JOIN prm.service_groups g ON g.id = i.service_group_id AND g.is_active
    WHERE i.service_id = s.id AND i.is_active
)::uuid[] AS groups
FROM prm.services s
WHERE s.id = @id;
