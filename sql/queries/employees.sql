-- name: ListUserEmployees :many
-- The employees that a user is in a legal entity (conventions 4.1): approved and active.
SELECT e.id, e.party_id, e.division_id, e.employee_type, e.position
FROM prm.employees e
JOIN prm.party_users pu ON pu.party_id = e.party_id
WHERE pu.user_id = @user_id
  AND e.legal_entity_id = @legal_entity_id
  AND e.status = 'APPROVED'
  AND e.is_active
ORDER BY e.inserted_at, e.id;

-- name: GetEmployeeSigner :one
-- Whom the certificate of an employee names.
SELECT COALESCE(p.tax_id, '')::text AS tax_id, p.last_name, p.first_name, le.edrpou
FROM prm.employees e
JOIN prm.parties p ON p.id = e.party_id
JOIN prm.legal_entities le ON le.id = e.legal_entity_id
WHERE e.id = @id;
