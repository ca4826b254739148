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

-- name: GetEmployeeState :one
-- What decides about a dismissal. is_successor: the user owns the legal entity that
-- goes on with the work of the employee's one.
SELECT e.id, e.party_id, e.legal_entity_id, e.employee_type, e.status, e.is_active, e.start_date,
       EXISTS (SELECT 1 FROM prm.employee_roles r WHERE r.employee_id = e.id AND r.status = 'ACTIVE') AS has_roles,
       EXISTS (
           SELECT 1
           FROM prm.related_legal_entities m
           JOIN prm.employees o ON o.legal_entity_id = m.merged_to_id
           JOIN prm.party_users u ON u.party_id = o.party_id
           WHERE m.merged_from_id = e.legal_entity_id AND m.merged_to_id = @client_id AND m.is_active
             AND u.user_id = @user_id AND o.employee_type = 'OWNER' AND o.status = 'APPROVED' AND o.is_active
       ) AS is_successor
FROM prm.employees e
WHERE e.id = @id;

-- name: GetEmployee :one
SELECT * FROM prm.employee_details WHERE id = @id;

-- name: LockParty :exec
-- Of two employees of one party who are dismissed at once, the second sees that the
-- first is.
SELECT 1 FROM prm.parties WHERE id = @id FOR NO KEY UPDATE;

-- name: DismissEmployee :execrows
-- Zero rows: another request has changed the employee since it was read. First of
-- what the dismissal writes: who signs a declaration for the employee holds this row.
UPDATE prm.employees
SET status = @status, status_reason = @status_reason::text, end_date = @end_date::date, updated_by = @user_id, updated_at = @at
WHERE id = @id AND status = 'APPROVED' AND is_active;

-- name: EndEmployeeRoles :many
UPDATE prm.employee_roles
SET status = 'INACTIVE', end_date = @at, updated_by = @user_id, updated_at = @at
WHERE employee_id = @employee_id AND status = 'ACTIVE'
RETURNING id;

-- name: WorksStill :one
-- Whether the party works in the legal entity in the same type.
SELECT EXISTS (
    SELECT 1 FROM prm.employees
    WHERE party_id = @party_id AND legal_entity_id = @legal_entity_id AND employee_type = @employee_type AND status = 'APPROVED' AND is_active
);

-- name: TakeAccess :exec
-- The users of a party lose their role in a client, what they have allowed it to do,
-- and their tokens.
WITH of_party AS (
    SELECT user_id FROM prm.party_users WHERE party_id = @party_id
), roles AS (
    DELETE FROM mithril.user_roles u
    USING mithril.roles r
    WHERE r.id = u.role_id AND r.name = @role AND u.client_id = @client_id AND u.user_id IN (SELECT user_id FROM of_party)
), apps AS (
    DELETE FROM mithril.apps WHERE client_id = @client_id AND user_id IN (SELECT user_id FROM of_party)
)
UPDATE mithril.tokens
SET expires_at = @expires_at, updated_at = @at
WHERE client_id = sqlc.arg('client_id')::uuid AND user_id IN (SELECT user_id FROM of_party) AND expires_at > @expires_at;

-- name: ListEmployees :many
-- A page of active employees with the number of all that match. A page past the end
-- has no row to carry that number: ask again with limit 1, offset 0.
WITH page AS (
    SELECT e.id, e.inserted_at, count(*) OVER () AS total
    FROM prm.employees e
    JOIN prm.parties a ON a.id = e.party_id
    JOIN prm.legal_entities l ON l.id = e.legal_entity_id
    WHERE e.is_active
      AND (sqlc.narg('legal_entity_id')::uuid IS NULL OR e.legal_entity_id = sqlc.narg('legal_entity_id')::uuid)
      AND (sqlc.narg('ids')::uuid[] IS NULL OR e.id = ANY (sqlc.narg('ids')::uuid[]))
      AND (sqlc.narg('party_id')::uuid IS NULL OR e.party_id = sqlc.narg('party_id')::uuid)
      AND (sqlc.narg('division_id')::uuid IS NULL OR e.division_id = sqlc.narg('division_id')::uuid)
      AND (sqlc.narg('statuses')::text[] IS NULL OR e.status = ANY (sqlc.narg('statuses')::text[]))
      AND (sqlc.narg('employee_type')::text IS NULL OR e.employee_type = sqlc.narg('employee_type')::text)
      AND (sqlc.narg('tax_id')::text IS NULL OR a.tax_id = sqlc.narg('tax_id')::text)
      AND (sqlc.narg('no_tax_id')::boolean IS NULL OR a.no_tax_id = sqlc.narg('no_tax_id')::boolean)
      AND (sqlc.narg('verification_status')::text IS NULL OR a.verification_status = sqlc.narg('verification_status')::text)
      AND (sqlc.narg('edrpou')::text IS NULL OR l.edrpou = sqlc.narg('edrpou')::text)
    ORDER BY e.inserted_at, e.id
    LIMIT @page_limit OFFSET @page_offset
)
SELECT sqlc.embed(d), page.total
FROM page
JOIN prm.employee_details d ON d.id = page.id
ORDER BY page.inserted_at, page.id;

-- name: GetEmployeeRole :one
SELECT sqlc.embed(r), h.legal_entity_id
FROM prm.employee_roles r
JOIN prm.healthcare_services h ON h.id = r.healthcare_service_id
WHERE r.id = @id AND r.is_active;

-- name: ListEmployeeRoles :many
-- A page of active employee roles with the number of all that match. A page past the
-- end has no row to carry that number: ask again with limit 1, offset 0.
SELECT sqlc.embed(r), count(*) OVER () AS total
FROM prm.employee_roles r
JOIN prm.healthcare_services h ON h.id = r.healthcare_service_id
WHERE r.is_active
  AND (sqlc.narg('legal_entity_id')::uuid IS NULL OR h.legal_entity_id = sqlc.narg('legal_entity_id')::uuid)
  AND (sqlc.narg('employee_id')::uuid IS NULL OR r.employee_id = sqlc.narg('employee_id')::uuid)
  AND (sqlc.narg('healthcare_service_id')::uuid IS NULL OR r.healthcare_service_id = sqlc.narg('healthcare_service_id')::uuid)
  AND (sqlc.narg('status')::text IS NULL OR r.status = sqlc.narg('status')::text)
ORDER BY r.inserted_at, r.id
LIMIT @page_limit OFFSET @page_offset;
