-- name: GetDeclarationRequest :one
SELECT id, data, status, status_reason, authentication_method_current, documents, data_to_be_signed,
       declaration_id, declaration_number, parent_declaration_id, authorize_with, mpi_id,
       channel, is_shareable, system_declaration_limit, current_declaration_count,
       data_legal_entity_id, data_employee_id,
       inserted_by, inserted_at, updated_by, updated_at
FROM il.declaration_requests
WHERE id = @id;

-- name: LockDeclarationRequest :one
-- What decides whether a code may be sent. Nobody changes the row before the
-- transaction ends: a code is never sent for a request that has just been approved.
SELECT status, authentication_method_current, channel, is_shareable, data_legal_entity_id
FROM il.declaration_requests
WHERE id = @id
FOR SHARE;

-- name: ListDeclarationRequests :many
-- A page of what a legal entity may see: its own requests that came by a MIS or
-- are shareable, newest first, with the number of all that match. A page past the
-- end has no row to carry that number: ask again with limit 1, offset 0.
SELECT id, data, status, status_reason,
       declaration_id, declaration_number, parent_declaration_id, authorize_with, mpi_id,
       channel, is_shareable, system_declaration_limit, current_declaration_count,
       data_legal_entity_id, data_employee_id,
       inserted_at, updated_at,
       count(*) OVER () AS total
FROM il.declaration_requests
WHERE data_legal_entity_id = @legal_entity_id::uuid
  AND (channel = 'MIS' OR is_shareable)
  AND (sqlc.narg('employee_id')::uuid IS NULL OR data_employee_id = sqlc.narg('employee_id')::uuid)
  AND (sqlc.narg('status')::text IS NULL OR status = sqlc.narg('status')::text)
  AND (sqlc.narg('channel')::text IS NULL OR channel = sqlc.narg('channel')::text)
ORDER BY inserted_at DESC, id
LIMIT @page_limit OFFSET @page_offset;

-- name: GetDeclarationDoctor :one
-- What decides about the doctor of a new request. officio is the speciality of the
-- position; specialities are all of them.
SELECT e.party_id, e.legal_entity_id, e.employee_type, e.status = 'APPROVED' AS is_approved,
       (CASE WHEN e.speciality ->> 'speciality_officio' = 'true' THEN e.speciality ->> 'speciality' ELSE '' END)::text AS officio,
       (ARRAY (SELECT s ->> 'speciality' FROM jsonb_array_elements(COALESCE(e.additional_info -> 'specialities', '[]')) s)
           || COALESCE(e.speciality ->> 'speciality', ''))::text[] AS specialities
FROM prm.employees e
WHERE e.id = @id AND e.is_active;

-- name: GetDeclarationDivision :one
SELECT legal_entity_id, status = 'ACTIVE' AS is_active FROM prm.divisions WHERE id = @id AND is_active;

-- name: GetDeclarationPerson :one
-- What decides about the person of a new request. has_confidant: an approved
-- confidant acts for the person (wiki 17999298976).
SELECT p.birth_date, (p.status = 'active' AND p.is_active)::boolean AS is_active, p.verification_status, p.no_tax_id,
       (p.tax_id IS NOT NULL)::boolean AS has_tax_id,
       ARRAY (SELECT d.type FROM mpi.person_documents d WHERE d.person_id = p.id ORDER BY d.type)::text[] AS document_types,
       EXISTS (
           SELECT 1 FROM mpi.confidant_person_relationships r
           WHERE r.person_id = p.id AND r.is_active AND (r.active_to IS NULL OR r.active_to > @at::timestamptz)
             AND (r.verification_status = 'VERIFIED'
                  OR r.verification_status = 'VERIFICATION_NEEDED' AND r.verification_reason = 'MANUAL_CREATED_BY_DOCTOR')
       ) AS has_confidant,
       EXISTS (SELECT 1 FROM il.person_requests r WHERE r.mpi_id = p.id AND r.status IN ('NEW', 'APPROVED')) AS has_pending_request
FROM mpi.persons p
WHERE p.id = @id;

-- name: ListConfirmingMethods :many
-- The ways in which a person confirms now, the default one first (wiki 622133300).
-- kind and phone_number are those of the third person when one confirms: kind is NA
-- when that person cannot.
SELECT m.id, m.type, COALESCE(own.type, CASE WHEN m.type = 'THIRD_PERSON' THEN 'NA' ELSE m.type END)::text AS kind,
       COALESCE(own.phone_number, m.phone_number) AS phone_number
FROM mpi.person_authentication_methods m
LEFT JOIN LATERAL (
    SELECT o.type, o.phone_number FROM mpi.person_authentication_methods o
    WHERE m.type = 'THIRD_PERSON' AND o.person_id = m.value AND o.type IN ('OTP', 'OFFLINE')
      AND o.is_active AND (o.ended_at IS NULL OR o.ended_at > @at::timestamptz)
    ORDER BY o.type = 'OTP' DESC, o.inserted_at, o.id
    LIMIT 1
) own ON true
WHERE m.person_id = @person_id AND m.is_active AND (m.ended_at IS NULL OR m.ended_at > @at::timestamptz)
ORDER BY m.type = 'OTP' DESC, m.type = 'OFFLINE' DESC, COALESCE(own.type = 'OTP', false) DESC, own.type IS NULL, m.inserted_at, m.id;

-- name: GetMethodOwner :one
-- Whose a method is, whatever its state.
SELECT person_id FROM mpi.person_authentication_methods WHERE id = @id;

-- name: GetParentDeclaration :one
-- An active declaration that another one shall carry on. is_related: its legal
-- entity was reorganised into the other one.
SELECT d.person_id,
       EXISTS (
           SELECT 1 FROM prm.related_legal_entities r
           WHERE r.merged_from_id = d.legal_entity_id AND r.merged_to_id = @legal_entity_id AND r.is_active
       ) AS is_related
FROM ops.declarations d
WHERE d.id = @id AND d.status = 'active' AND d.is_active;

-- name: CountDoctorDeclarations :one
-- The declarations of a doctor and the approved requests for some, those of one
-- person left out, and the specialities that limit them.
WITH employees AS (
    SELECT e.id, e.speciality FROM prm.employees e
    WHERE e.party_id = @party_id AND e.employee_type = 'DOCTOR' AND e.status = 'APPROVED' AND e.is_active
)
SELECT ARRAY (SELECT e.speciality ->> 'speciality' FROM employees e WHERE e.speciality ->> 'speciality_officio' = 'true')::text[] AS specialities,
       (SELECT count(*) FROM ops.declarations d
        WHERE d.employee_id IN (SELECT e.id FROM employees e) AND d.status = 'active' AND d.is_active AND d.person_id <> @person_id)
     + (SELECT count(*) FROM il.declaration_requests r
        WHERE r.data_employee_id IN (SELECT e.id FROM employees e) AND r.status = 'APPROVED' AND r.mpi_id IS DISTINCT FROM @person_id::uuid) AS total;

-- name: ListConfidantDocuments :many
-- Of the approved confidants of a person: what proves that they may act.
SELECT r.id, r.relation_type, d.type
FROM mpi.confidant_person_relationships r
JOIN mpi.confidant_person_relationship_documents d ON d.relationship_id = r.id
WHERE r.person_id = @person_id AND r.is_active AND (r.active_to IS NULL OR r.active_to > @at::timestamptz)
  AND (r.verification_status = 'VERIFIED'
       OR r.verification_status = 'VERIFICATION_NEEDED' AND r.verification_reason = 'MANUAL_CREATED_BY_DOCTOR')
ORDER BY r.inserted_at, r.id, d.type;

-- name: BeginDeclarationRequest :one
-- Makes what is done about the declarations of one person wait for each other, and
-- gives the number of a new request.
SELECT nextval('il.declaration_request') AS number
FROM (SELECT pg_advisory_xact_lock(hashtextextended('il.declaration_requests ' || @person_id::text, 0))) AS locked;

-- name: CancelDeclarationRequests :many
-- The requests that a newer one for the same person replaces.
UPDATE il.declaration_requests
SET status = 'CANCELLED', status_reason = 'request_cancelled', updated_by = @user_id, updated_at = @at
WHERE mpi_id = @person_id::uuid AND status IN ('NEW', 'APPROVED')
RETURNING id;

-- name: InsertDeclarationRequest :exec
INSERT INTO il.declaration_requests (
    id, data, status, authentication_method_current, documents, declaration_id, declaration_number, parent_declaration_id, authorize_with,
    mpi_id, channel, is_shareable, system_declaration_limit, current_declaration_count, data_legal_entity_id, data_employee_id,
    data_start_date_year, inserted_by, inserted_at, updated_by, updated_at
) VALUES (
    @id, @data, 'NEW', @authentication_method_current, @documents, @declaration_id, @declaration_number, sqlc.narg('parent_declaration_id'),
    sqlc.narg('authorize_with'), @person_id::uuid, 'MIS', false, @system_declaration_limit::int, @current_declaration_count::int, @legal_entity_id::uuid,
    @employee_id::uuid, @start_date_year::int, @user_id, @at, @user_id, @at
);

-- name: GetDeclarationGrounds :one
-- What decides whether a request may be approved or signed: the person, the doctor
-- and the declaration that it carries on, as they are now.
SELECT p.verification_status, p.no_tax_id,
       EXISTS (SELECT 1 FROM ops.declarations d WHERE d.id = sqlc.narg('parent_declaration_id')::uuid AND d.status = 'active' AND d.is_active) AS parent_is_active,
       e.party_id, e.legal_entity_id, COALESCE(e.status = 'APPROVED' AND e.is_active, false)::boolean AS is_employed
FROM mpi.persons p
LEFT JOIN prm.employees e ON e.id = @employee_id::uuid
WHERE p.id = @person_id;

-- name: GetDeclarationParties :one
-- Person, doctor, legal entity and division as the doctor signs them, without what
-- is not known. Phones by which the person confirms are masked.
SELECT
    jsonb_strip_nulls(jsonb_build_object(
        'id', p.id, 'first_name', p.first_name, 'last_name', p.last_name, 'second_name', p.second_name, 'birth_date', p.birth_date,
        'birth_country', p.birth_country, 'birth_settlement', p.birth_settlement, 'gender', p.gender, 'email', p.email, 'no_tax_id', p.no_tax_id,
        'tax_id', p.tax_id, 'unzr', p.unzr, 'secret', p.secret, 'preferred_way_communication', p.preferred_way_communication,
        'emergency_contact', p.emergency_contact, 'patient_signed', false,
        'process_disclosure_data_consent', COALESCE(p.process_disclosure_data_consent, true),
        'documents', COALESCE((
            SELECT jsonb_agg(to_jsonb(d) - 'person_id' ORDER BY d.type) FROM mpi.person_documents d WHERE d.person_id = p.id), '[]'),
        'addresses', COALESCE((
            SELECT jsonb_agg(to_jsonb(a) - 'person_id' - 'position' ORDER BY a.position) FROM mpi.person_addresses a WHERE a.person_id = p.id), '[]'),
        'phones', (
            SELECT jsonb_agg(jsonb_build_object('type', n.type, 'number', n.number) ORDER BY n.type) FROM mpi.person_phones n WHERE n.person_id = p.id),
        'authentication_methods', COALESCE((
            SELECT jsonb_agg(jsonb_build_object(
                'type', m.type, 'phone_number', left(m.phone_number, 6) || '*****' || right(m.phone_number, 2), 'value', m.value, 'alias', m.alias
            ) ORDER BY m.inserted_at, m.id)
            FROM mpi.person_authentication_methods m
            WHERE m.person_id = p.id AND m.is_active AND (m.ended_at IS NULL OR m.ended_at > @at::timestamptz)), '[]'),
        'confidant_person', mpi.confidant_persons(p.id, @at::timestamptz)
    ))::jsonb AS person,
    jsonb_strip_nulls(jsonb_build_object(
        'id', e.id, 'position', e.position,
        'party', jsonb_build_object(
            'id', y.id, 'no_tax_id', y.no_tax_id, 'first_name', y.first_name, 'last_name', y.last_name, 'second_name', y.second_name, 'phones', y.phones)
    ))::jsonb AS employee,
    jsonb_strip_nulls(jsonb_build_object(
        'id', l.id, 'name', l.name, 'short_name', l.short_name, 'public_name', l.public_name, 'legal_form', l.legal_form, 'edrpou', l.edrpou,
        'licenses', '[]'::jsonb, 'accreditation', l.accreditation, 'addresses', l.addresses, 'phones', COALESCE(l.phones, '[]'), 'email', l.email
    ))::jsonb AS legal_entity,
    jsonb_strip_nulls(jsonb_build_object(
        'id', v.id, 'legal_entity_id', v.legal_entity_id, 'name', v.name, 'type', v.type, 'phones', v.phones, 'email', v.email,
        'external_id', v.external_id, 'dls_id', v.dls_id, 'dls_verified', v.dls_verified,
        'addresses', COALESCE((
            SELECT jsonb_agg(to_jsonb(a) - '{id,division_id,position,inserted_by,inserted_at,updated_by,updated_at}'::text[] ORDER BY a.position)
            FROM prm.division_addresses a WHERE a.division_id = v.id), '[]')
    ))::jsonb AS division
FROM mpi.persons p, prm.employees e, prm.parties y, prm.legal_entities l, prm.divisions v
WHERE p.id = @person_id AND e.id = @employee_id AND y.id = e.party_id AND l.id = @legal_entity_id AND v.id = @division_id;

-- name: LockDoctor :exec
-- Makes approvals for one doctor wait for each other, so that no two of them take
-- the last place.
SELECT pg_advisory_xact_lock(hashtextextended('doctor ' || @party_id::text, 0));

-- name: SetDeclarationRequestStatus :execrows
-- What is null stays as it is.
UPDATE il.declaration_requests
SET status = @to_status, status_reason = COALESCE(sqlc.narg('status_reason')::text, status_reason),
    data_to_be_signed = COALESCE(sqlc.narg('data_to_be_signed')::jsonb, data_to_be_signed),
    printout_content = COALESCE(sqlc.narg('printout_content')::text, printout_content), updated_by = @user_id, updated_at = @at
WHERE id = @id AND status = @from_status::text;

-- name: LockDeclarations :exec
-- Makes what is done about the declarations of one person wait for each other, as
-- BeginDeclarationRequest does.
SELECT pg_advisory_xact_lock(hashtextextended('il.declaration_requests ' || @person_id::text, 0));

-- name: EndDeclarations :many
-- The active declarations of a person end, for a new one begins.
UPDATE ops.declarations
SET status = 'terminated', is_active = false, updated_by = @user_id, updated_at = @at,
    reason = CASE WHEN id = sqlc.narg('parent_declaration_id')::uuid THEN 'auto_reorganization' ELSE reason END
WHERE person_id = @person_id AND status = 'active' AND is_active
RETURNING id;

-- name: HoldEmployee :one
-- Whether a doctor may have declarations; nobody dismisses the doctor before the transaction ends.
SELECT COALESCE(status = 'APPROVED' AND is_active, false)::boolean AS is_employed FROM prm.employees WHERE id = @id FOR SHARE;

-- name: InsertDeclaration :exec
INSERT INTO ops.declarations (
    id, declaration_number, declaration_request_id, person_id, employee_id, division_id, legal_entity_id, start_date, end_date, signed_at,
    status, is_active, reason, seed, created_by, updated_by, inserted_at, updated_at
) VALUES (
    @id, @declaration_number, @declaration_request_id, @person_id, @employee_id, @division_id, @legal_entity_id, to_date(@start_date::text, 'YYYY-MM-DD'),
    to_date(@end_date::text, 'YYYY-MM-DD'), @at, 'active', true, sqlc.narg('reason'), @seed, @user_id, @user_id, @at, @at
);

-- name: ExpireDeclarationRequests :one
-- Takes the data of old requests away, with the scans sent for them; those that have
-- not become declarations expire. Gives the number of requests.
WITH old AS (
    SELECT r.id, r.status, r.documents FROM il.declaration_requests r
    WHERE r.data IS NOT NULL AND r.inserted_at <= @inserted_before
    ORDER BY r.inserted_at
    LIMIT @batch
    FOR UPDATE SKIP LOCKED
), scans AS (
    DELETE FROM il.media m
    USING old o, jsonb_array_elements(COALESCE(o.documents, '[]')) d
    WHERE m.name = 'declaration_requests/' || o.id || '/declaration_request_' || (d ->> 'type') || '.jpeg'
), audit AS (
    INSERT INTO prm.audit_log (id, actor_id, resource, resource_id, changeset, inserted_at)
    SELECT gen_random_uuid(), @actor::text, 'declaration_requests', o.id::text, '{"status": "EXPIRED"}', @at::timestamptz
    FROM old o WHERE o.status NOT IN ('SIGNED', 'EXPIRED')
), expired AS (
    UPDATE il.declaration_requests r
    SET status = CASE WHEN o.status = 'SIGNED' THEN o.status ELSE 'EXPIRED' END,
        status_reason = CASE WHEN o.status IN ('NEW', 'APPROVED') THEN 'request_overdue' ELSE r.status_reason END,
        data = NULL, data_to_be_signed = NULL, printout_content = NULL, documents = NULL, authentication_method_current = NULL,
        data_legal_entity_id = NULL, data_start_date_year = NULL, data_person_tax_id = NULL, data_person_first_name = NULL,
        data_person_last_name = NULL, data_person_birth_date = NULL, updated_by = @user_id::uuid, updated_at = @at::timestamptz
    FROM old o
    WHERE r.id = o.id
    RETURNING r.id
)
SELECT count(*) FROM expired;
