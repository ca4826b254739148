-- name: GetRegisteredPerson :one
-- What decides about a person of the register who is changed, or who shall act for
-- another. has_confidant: an approved confidant acts for the person (wiki 17999298976).
SELECT p.id, p.birth_date, p.status, p.is_active, p.verification_status,
       EXISTS (
           SELECT 1 FROM mpi.confidant_person_relationships r
           WHERE r.person_id = p.id AND r.is_active AND (r.active_to IS NULL OR r.active_to > @at::timestamptz)
             AND (r.verification_status = 'VERIFIED'
                  OR r.verification_status = 'VERIFICATION_NEEDED' AND r.verification_reason = 'MANUAL_CREATED_BY_DOCTOR')
       ) AS has_confidant,
       EXISTS (
           SELECT 1 FROM mpi.person_documents d WHERE d.person_id = p.id AND d.type = ANY (@legal_capacity_types::text[])
       ) AS has_legal_capacity
FROM mpi.persons p
WHERE p.id = @id;

-- name: ListActiveMethods :many
-- The ways in which a person confirms now, the earliest first. own_type and
-- own_phone_number: how the third person confirms.
SELECT m.id, m.type, m.phone_number, m.value, COALESCE(own.type, '')::text AS own_type, own.phone_number AS own_phone_number,
       EXISTS (
           SELECT 1 FROM mpi.confidant_person_relationships r
           WHERE r.person_id = m.person_id AND r.confidant_person_id = m.value
             AND r.is_active AND (r.active_to IS NULL OR r.active_to > @at::timestamptz)
             AND (r.verification_status = 'VERIFIED'
                  OR r.verification_status = 'VERIFICATION_NEEDED' AND r.verification_reason = 'MANUAL_CREATED_BY_DOCTOR')
       ) AS confidant_approved
FROM mpi.person_authentication_methods m
LEFT JOIN LATERAL (
    SELECT o.type, o.phone_number FROM mpi.person_authentication_methods o
    WHERE o.person_id = m.value AND o.type IN ('OTP', 'OFFLINE') AND o.is_active AND (o.ended_at IS NULL OR o.ended_at > @at::timestamptz)
    ORDER BY o.type = 'OTP' DESC, o.inserted_at, o.id
    LIMIT 1
) own ON true
WHERE m.person_id = @person_id AND m.is_active AND (m.ended_at IS NULL OR m.ended_at > @at::timestamptz)
ORDER BY m.inserted_at, m.id;

-- name: CountThirdPersonUses :one
SELECT count(*) FROM mpi.person_authentication_methods
WHERE type = 'THIRD_PERSON' AND value = @value::uuid AND is_active AND (ended_at IS NULL OR ended_at > @at::timestamptz);

-- name: CountPhoneUses :one
SELECT count(*) FROM mpi.person_authentication_methods
WHERE type = 'OTP' AND phone_number = @phone_number::text AND is_active AND (ended_at IS NULL OR ended_at > @at::timestamptz);

-- name: IsTaxIDTaken :one
SELECT EXISTS (
    SELECT 1 FROM mpi.persons WHERE tax_id = @tax_id::text AND is_active AND status = 'active' AND id <> @id
);

-- name: IsPersonRegistered :one
-- Whether an active person has the same tax id and birth date, or the same last name,
-- birth date and document.
SELECT (EXISTS (
    SELECT 1 FROM mpi.persons
    WHERE tax_id = sqlc.narg('tax_id')::text AND birth_date = @birth_date::date AND is_active AND status = 'active'
) OR EXISTS (
    SELECT 1
    FROM jsonb_to_recordset(@documents::jsonb) AS sent (type text, number text)
    JOIN mpi.person_documents d ON lower(d.number) = lower(sent.number) AND d.type = sent.type
    JOIN mpi.persons p ON p.id = d.person_id
    WHERE p.birth_date = @birth_date::date AND prm.fold_case(p.last_name) = prm.fold_case(@last_name::text) AND p.is_active AND p.status = 'active'
))::boolean AS registered;

-- name: CancelPendingPersonRequests :many
-- The requests that a newer one for the same person replaces. An update is for the
-- same person by its id; a creation by the tax id or, without one, by name, birth
-- date and documents.
UPDATE il.person_requests
SET status = 'CANCELLED', updated_by = @user_id, updated_at = @at
WHERE status IN ('NEW', 'APPROVED')
  AND CASE
      WHEN sqlc.narg('mpi_id')::uuid IS NOT NULL THEN mpi_id = sqlc.narg('mpi_id')::uuid
      WHEN sqlc.narg('tax_id')::text IS NOT NULL THEN mpi_id IS NULL AND tax_id = sqlc.narg('tax_id')::text
      ELSE mpi_id IS NULL AND tax_id IS NULL AND first_name = @first_name::text AND last_name = @last_name::text
           AND birth_date = @birth_date::date AND person_documents = @person_documents::jsonb
  END
RETURNING id;

-- name: InsertPersonRequest :exec
INSERT INTO il.person_requests (
    id, version, data, status, mpi_id, authentication_method_current, documents, authorize_with, legal_entity_id, channel,
    tax_id, first_name, last_name, birth_date, person_documents, inserted_by, inserted_at, updated_by, updated_at
) VALUES (
    @id, @version, @data, 'NEW', sqlc.narg('mpi_id'), @authentication_method_current, @documents, sqlc.narg('authorize_with'), @legal_entity_id, 'MIS',
    sqlc.narg('tax_id'), @first_name::text, @last_name::text, @birth_date::date, @person_documents, @user_id, @at, @user_id, @at
);

-- name: ListDocumentTypes :many
-- Of the documents of a person of the register.
SELECT type FROM mpi.person_documents WHERE person_id = @person_id ORDER BY type;

-- name: GetPersonRequest :one
SELECT id, version, data, status, mpi_id, authentication_method_current, documents, printout_form, authorize_with, legal_entity_id, channel
FROM il.person_requests
WHERE id = @id;

-- name: LockPersonRequest :one
-- What decides whether a code may be sent. Nobody changes the row before the
-- transaction ends: a code is never sent for a request that has just been approved.
SELECT status, authentication_method_current, legal_entity_id
FROM il.person_requests
WHERE id = @id
FOR SHARE;

-- name: ListPersonRequests :many
-- A page of a legal entity's requests, newest first, with the number of all that
-- match. A page past the end has no row to carry that number: ask again with limit
-- 1, offset 0. Expired requests have lost their data.
SELECT id, status, version, data, count(*) OVER () AS total
FROM il.person_requests
WHERE legal_entity_id = @legal_entity_id AND status <> 'EXPIRED'
  AND (sqlc.narg('status')::text IS NULL OR status = sqlc.narg('status')::text)
ORDER BY inserted_at DESC, id
LIMIT @page_limit OFFSET @page_offset;

-- name: SetPersonRequestStatus :execrows
-- content is the printed form; null leaves it as it is.
UPDATE il.person_requests
SET status = @to_status, printout_form = COALESCE(sqlc.narg('content')::text, printout_form), updated_by = @user_id, updated_at = @at
WHERE id = @id AND status = @from_status::text;

-- name: SignPersonRequest :one
-- From now on mpi_id is whom the request has registered.
UPDATE il.person_requests
SET status = 'SIGNED', data = jsonb_set(data, '{patient_signed}', 'true'), mpi_id = @person_id::uuid, updated_by = @user_id, updated_at = @at
WHERE id = @id AND status = @from_status::text
RETURNING inserted_at;

-- name: CleanPersonRequests :many
-- Removes all that tells of the person from old requests, and their scans. What was
-- not signed by then is EXPIRED.
WITH old AS (
    SELECT id, documents FROM il.person_requests
    WHERE data IS NOT NULL AND inserted_at < GREATEST(@expired_before::timestamptz, @cleaned_before::timestamptz)
      AND (inserted_at < @cleaned_before::timestamptz OR status IN ('NEW', 'APPROVED') AND inserted_at < @expired_before::timestamptz)
    ORDER BY inserted_at
    LIMIT @batch
    FOR UPDATE SKIP LOCKED
), scans AS (
    DELETE FROM il.media m USING old, jsonb_array_elements(COALESCE(old.documents, '[]')) AS scan
    WHERE m.name = 'person_requests/' || old.id || '/person_request_' || (scan ->> 'type') || '.jpeg'
)
UPDATE il.person_requests r
SET status = CASE WHEN r.status IN ('NEW', 'APPROVED') THEN 'EXPIRED' ELSE r.status END, data = NULL, authentication_method_current = NULL,
    printout_form = NULL, documents = NULL, tax_id = NULL, first_name = NULL, last_name = NULL, birth_date = NULL, person_documents = NULL,
    updated_by = @user_id, updated_at = @at
FROM old
WHERE r.id = old.id
RETURNING r.id, r.status;
