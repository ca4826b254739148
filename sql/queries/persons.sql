-- name: ListPersons :many
SELECT id, first_name, last_name, second_name, birth_date, gender
FROM mpi.persons
WHERE id = ANY (@ids::uuid[]);

-- name: GetAuthenticationMethod :one
-- A method with what decides whether a code can be sent by it. third_person_otp:
-- the one who confirms has an active OTP method of their own.
-- confidant_approved: that one is an approved confidant of the person
-- (wiki 17525605916: verified, or awaiting verification after a doctor entered it).
SELECT m.id, m.person_id, m.type, m.phone_number, m.value, m.alias, m.is_active, m.started_at, m.ended_at,
       EXISTS (
           SELECT 1 FROM mpi.person_authentication_methods own
           WHERE own.person_id = m.value AND own.type = 'OTP'
             AND own.is_active AND (own.ended_at IS NULL OR own.ended_at > @at::timestamptz)
       ) AS third_person_otp,
       EXISTS (
           SELECT 1 FROM mpi.confidant_person_relationships r
           WHERE r.person_id = m.person_id AND r.confidant_person_id = m.value
             AND r.is_active AND (r.active_to IS NULL OR r.active_to > @at::timestamptz)
             AND (r.verification_status = 'VERIFIED'
                  OR r.verification_status = 'VERIFICATION_NEEDED' AND r.verification_reason = 'MANUAL_CREATED_BY_DOCTOR')
       ) AS confidant_approved
FROM mpi.person_authentication_methods m
WHERE m.id = @id;

-- name: HasActiveDeclaration :one
-- Whether the person has chosen a doctor of the legal entity.
SELECT EXISTS (
    SELECT 1 FROM ops.declarations
    WHERE person_id = @person_id AND legal_entity_id = @legal_entity_id AND status = 'active' AND is_active
);

-- name: HasChosenDoctor :one
-- Whether one of the employees is the doctor that the person has chosen.
SELECT EXISTS (
    SELECT 1 FROM ops.declarations
    WHERE person_id = @person_id AND employee_id = ANY (@employees::uuid[]) AND status = 'active' AND is_active
);

-- name: SearchPersons :many
-- Active persons with whom two things agree (wiki 583404137), best match first. An absent parameter agrees with nobody. Texts
-- come in lower case.
SELECT p.id, p.first_name, p.last_name, p.second_name, p.birth_date, p.gender, p.birth_country, p.birth_settlement, p.tax_id, p.unzr,
    COALESCE((SELECT f.type FROM mpi.person_phones f WHERE f.person_id = p.id AND f.number = sqlc.narg('phone_number')
        ORDER BY f.type DESC LIMIT 1), '')::text AS phone_type,
    COALESCE((SELECT d.number FROM mpi.person_documents d WHERE d.person_id = p.id AND d.type = 'BIRTH_CERTIFICATE'
        AND lower(d.number) = sqlc.narg('birth_certificate')), '')::text AS birth_certificate
FROM mpi.persons p
WHERE p.is_active AND p.status = 'active' AND p.id IN (
    SELECT n.id FROM mpi.persons n
    WHERE n.is_active AND n.status = 'active' AND n.birth_date = @birth_date
      AND lower(n.last_name) = @last_name::text AND lower(n.first_name) = @first_name::text
    UNION
    SELECT t.id FROM mpi.persons t
    WHERE t.is_active AND t.status = 'active' AND t.tax_id = sqlc.narg('tax_id')
      AND (lower(t.last_name) = @last_name::text OR t.id IN (
          SELECT f.person_id FROM mpi.person_phones f WHERE f.number = sqlc.narg('phone_number')
          UNION
          SELECT m.person_id FROM mpi.person_authentication_methods m
          WHERE m.phone_number = sqlc.narg('phone_number') AND m.is_active AND (m.ended_at IS NULL OR m.ended_at > @at::timestamptz)))
    UNION
    SELECT d.person_id FROM mpi.person_documents d JOIN mpi.persons o ON o.id = d.person_id
    WHERE d.type = 'BIRTH_CERTIFICATE' AND lower(d.number) = sqlc.narg('birth_certificate')
      AND (lower(o.last_name) = @last_name::text OR d.person_id IN (
          SELECT f.person_id FROM mpi.person_phones f WHERE f.number = sqlc.narg('phone_number')
          UNION
          SELECT m.person_id FROM mpi.person_authentication_methods m
          WHERE m.phone_number = sqlc.narg('phone_number') AND m.is_active AND (m.ended_at IS NULL OR m.ended_at > @at::timestamptz)))
    UNION
    SELECT f.person_id FROM mpi.person_phones f JOIN mpi.persons o ON o.id = f.person_id
    WHERE f.number = sqlc.narg('phone_number') AND lower(o.last_name) = @last_name::text
    UNION
    SELECT m.person_id FROM mpi.person_authentication_methods m JOIN mpi.persons o ON o.id = m.person_id
    WHERE m.phone_number = sqlc.narg('phone_number') AND m.is_active AND (m.ended_at IS NULL OR m.ended_at > @at::timestamptz)
      AND lower(o.last_name) = @last_name::text
)
ORDER BY lower(p.last_name) <> @last_name::text, lower(p.first_name) <> @first_name::text, p.inserted_at DESC, p.id
LIMIT @page_limit;

-- name: SearchPersonsV2 :many
-- Active persons with whom the day of birth, the first name in a language and one thing more agree, equal last names first.
-- Who has no names is known by Ukrainian ones. An absent parameter agrees with nobody. Texts come in lower case.
SELECT p.id, p.birth_date, p.gender, p.birth_country, p.birth_settlement, p.tax_id, l.names,
    COALESCE((SELECT f.type FROM mpi.person_phones f WHERE f.person_id = p.id AND f.number = sqlc.narg('phone_number')
        ORDER BY f.type DESC LIMIT 1), '')::text AS phone_type,
    COALESCE((SELECT d.number FROM mpi.person_documents d WHERE d.person_id = p.id AND d.type = sqlc.narg('document_type')::text
        AND lower(d.number) = sqlc.narg('document_number')), '')::text AS document_number
FROM mpi.persons p
CROSS JOIN LATERAL (SELECT COALESCE(p.names, jsonb_build_array(jsonb_build_object(
    'language', 'uk', 'first_name', p.first_name, 'last_name', p.last_name, 'second_name', p.second_name)))::jsonb AS names) l
CROSS JOIN LATERAL (
    SELECT bool_or(lower(COALESCE(n.last_name, '')) = sqlc.narg('last_name')::text) AS has_last_name
    FROM jsonb_to_recordset(l.names) AS n (language text, first_name text, last_name text)
    WHERE lower(n.first_name) = @first_name::text AND (sqlc.narg('language')::text IS NULL OR n.language = sqlc.narg('language')::text)
    HAVING count(*) > 0
) m
WHERE p.is_active AND p.status = 'active' AND p.birth_date = @birth_date
  AND (m.has_last_name
    OR p.tax_id = sqlc.narg('tax_id')
    OR EXISTS (SELECT 1 FROM mpi.person_documents d WHERE d.person_id = p.id AND d.type = sqlc.narg('document_type')::text
        AND lower(d.number) = sqlc.narg('document_number'))
    OR EXISTS (SELECT 1 FROM mpi.person_phones f WHERE f.person_id = p.id AND f.number = sqlc.narg('phone_number'))
    OR EXISTS (SELECT 1 FROM mpi.person_authentication_methods a WHERE a.person_id = p.id AND a.phone_number = sqlc.narg('phone_number')
        AND a.is_active AND (a.ended_at IS NULL OR a.ended_at > @at::timestamptz)))
ORDER BY m.has_last_name DESC NULLS LAST, p.inserted_at DESC, p.id
LIMIT @page_limit;

-- name: IsActivePerson :one
SELECT EXISTS (SELECT 1 FROM mpi.persons WHERE id = @id AND is_active AND status = 'active');

-- name: ListAuthenticationMethods :many
-- The methods of a person that can be used at a moment.
SELECT m.id, m.type, m.phone_number, m.value, m.alias, m.started_at, m.ended_at, m.inserted_at, m.inserted_by, m.updated_at, m.updated_by,
    EXISTS (
        SELECT 1 FROM mpi.confidant_person_relationships r
        WHERE r.person_id = m.person_id AND r.confidant_person_id = m.value AND r.is_active AND (r.active_to IS NULL OR r.active_to > @at::timestamptz)
    ) AS is_confidant
FROM mpi.person_authentication_methods m
WHERE m.person_id = @person_id AND m.type <> 'NA' AND m.is_active AND (m.ended_at IS NULL OR m.ended_at > @at::timestamptz)
  AND (m.type <> 'THIRD_PERSON' OR EXISTS (
      SELECT 1 FROM mpi.person_authentication_methods own
      WHERE own.person_id = m.value AND own.type IN ('OTP', 'OFFLINE') AND own.is_active AND (own.ended_at IS NULL OR own.ended_at > @at::timestamptz)))
ORDER BY m.inserted_at, m.id;

-- name: ListRelationships :many
-- A page of a person's relationships with confidants, in force or over.
SELECT r.id, r.confidant_person_id, r.active_to, r.verification_status, r.verification_reason, count(*) OVER () AS total
FROM mpi.confidant_person_relationships r
WHERE r.person_id = @person_id AND r.is_active
  AND CASE WHEN @is_expired::boolean THEN r.active_to < @at::timestamptz ELSE r.active_to IS NULL OR r.active_to > @at::timestamptz END
ORDER BY r.inserted_at, r.id
LIMIT @page_limit OFFSET @page_offset;

-- name: ListRelationshipDocuments :many
SELECT relationship_id, type, number, issued_by, issued_at, active_to FROM mpi.confidant_person_relationship_documents
WHERE relationship_id = ANY (@ids::uuid[])
ORDER BY relationship_id, type;

-- name: ListConfidants :many
-- What is shown, masked, of persons who act for others. Documents and phones are lists of objects with type and number.
SELECT p.id, p.first_name, p.last_name, p.second_name, p.gender, p.tax_id, p.no_tax_id, p.unzr,
    COALESCE((SELECT jsonb_agg(jsonb_build_object('type', d.type, 'number', d.number) ORDER BY d.type)
        FROM mpi.person_documents d WHERE d.person_id = p.id), '[]')::jsonb AS documents,
    COALESCE((SELECT jsonb_agg(jsonb_build_object('type', f.type, 'number', f.number) ORDER BY f.type DESC)
        FROM mpi.person_phones f WHERE f.person_id = p.id), '[]')::jsonb AS phones,
    COALESCE((SELECT m.phone_number FROM mpi.person_authentication_methods m
        WHERE m.person_id = p.id AND m.type = 'OTP' AND m.is_active AND (m.ended_at IS NULL OR m.ended_at > @at::timestamptz)
        ORDER BY m.inserted_at DESC LIMIT 1), '')::text AS otp_phone
FROM mpi.persons p
WHERE p.id = ANY (@ids::uuid[]);

-- name: GetPersonVerification :one
SELECT p.verification_status, v.streams
FROM mpi.persons p JOIN mpi.person_verifications v ON v.person_id = p.id
WHERE p.id = @id;

-- name: GetPersonalData :one
-- All that is stored of a person, without what is not known.
SELECT jsonb_strip_nulls(jsonb_build_object(
    'id', p.id, 'first_name', p.first_name, 'last_name', p.last_name, 'second_name', p.second_name, 'names', p.names,
    'birth_date', p.birth_date, 'birth_country', p.birth_country, 'birth_settlement', p.birth_settlement, 'gender', p.gender, 'email', p.email, 'no_tax_id', p.no_tax_id,
    'tax_id', p.tax_id, 'unzr', p.unzr, 'secret', p.secret, 'death_date', p.death_date, 'verification_status', p.verification_status,
    'preferred_way_communication', p.preferred_way_communication, 'emergency_contact', p.emergency_contact,
    'confidant_person', NULLIF(p.confidant_person, '[]'),
    'documents', COALESCE((SELECT jsonb_agg(to_jsonb(d) - 'person_id' ORDER BY d.type)
        FROM mpi.person_documents d WHERE d.person_id = p.id), '[]'),
    'addresses', COALESCE((SELECT jsonb_agg(to_jsonb(a) - 'person_id' - 'position' ORDER BY a.position)
        FROM mpi.person_addresses a WHERE a.person_id = p.id), '[]'),
    'phones', COALESCE((SELECT jsonb_agg(to_jsonb(f) - 'person_id' ORDER BY f.type) FROM mpi.person_phones f WHERE f.person_id = p.id), '[]')
))::jsonb AS data
FROM mpi.persons p
WHERE p.id = @id;
