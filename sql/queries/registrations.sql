-- name: LockRegistrations :exec
-- Nobody registers the same person, or one more person by the same phone or third
-- person, before the transaction ends. Who locks several sorts them.
SELECT pg_advisory_xact_lock(hashtextextended('mpi.persons ' || key, 0)) FROM unnest(@keys::text[]) AS key;

-- name: IsSamePersonRegistered :one
-- Whether an active person has all that tells persons apart.
SELECT EXISTS (
    SELECT 1 FROM mpi.persons
    WHERE is_active AND status = 'active' AND birth_date = @birth_date AND tax_id = sqlc.narg('tax_id')::text
      AND lower(last_name) = lower(@last_name::text) AND lower(first_name) = lower(@first_name::text)
      AND lower(second_name) IS NOT DISTINCT FROM lower(sqlc.narg('second_name')::text)
);

-- name: LockVerifiedPerson :one
-- What verification stands on, of a person who is about to be changed.
SELECT jsonb_build_object(
           'first_name', p.first_name, 'last_name', p.last_name, 'second_name', p.second_name, 'birth_date', p.birth_date,
           'tax_id', p.tax_id, 'no_tax_id', p.no_tax_id, 'gender', p.gender, 'unzr', p.unzr, 'documents', COALESCE((
               SELECT jsonb_agg(jsonb_build_object('type', d.type, 'number', d.number)) FROM mpi.person_documents d WHERE d.person_id = p.id
           ), '[]')
       )::jsonb AS person,
       (SELECT v.streams FROM mpi.person_verifications v WHERE v.person_id = p.id) AS streams
FROM mpi.persons p
WHERE p.id = @id
FOR UPDATE;

-- name: PutPerson :execrows
-- Registers a person, or replaces all fields of an active one; confidant_person only in
-- version 1, where it is a list.
INSERT INTO mpi.persons AS known (
    id, first_name, last_name, second_name, names, birth_date, birth_country, birth_settlement, gender, email, tax_id, no_tax_id, unzr, secret,
    emergency_contact, confidant_person, preferred_way_communication, patient_signed, process_disclosure_data_consent, status, is_active, verification_status,
    inserted_by, inserted_at, updated_by, updated_at
)
SELECT @id, sent.first_name, sent.last_name, sent.second_name, sent.names, sent.birth_date, sent.birth_country, sent.birth_settlement, sent.gender,
    sent.email, sent.tax_id, sent.no_tax_id, sent.unzr, sent.secret, sent.emergency_contact,
    CASE WHEN jsonb_typeof(sent.confidant_person) = 'array' THEN sent.confidant_person END, sent.preferred_way_communication, true, @consent::boolean,
    'active', true, @verification_status, @user_id, @at, @user_id, @at
FROM jsonb_to_record(@person::jsonb) AS sent (
    first_name text, last_name text, second_name text, names jsonb, birth_date date, birth_country text, birth_settlement text, gender text,
    email text, tax_id text, no_tax_id boolean, unzr text, secret text, emergency_contact jsonb, confidant_person jsonb, preferred_way_communication text
)
ON CONFLICT (id) DO UPDATE SET
    first_name = EXCLUDED.first_name, last_name = EXCLUDED.last_name, second_name = EXCLUDED.second_name, names = EXCLUDED.names,
    birth_date = EXCLUDED.birth_date, birth_country = EXCLUDED.birth_country, birth_settlement = EXCLUDED.birth_settlement, gender = EXCLUDED.gender, email = EXCLUDED.email,
    tax_id = EXCLUDED.tax_id, no_tax_id = EXCLUDED.no_tax_id, unzr = EXCLUDED.unzr, secret = EXCLUDED.secret,
    emergency_contact = EXCLUDED.emergency_contact, confidant_person = COALESCE(EXCLUDED.confidant_person, known.confidant_person),
    preferred_way_communication = EXCLUDED.preferred_way_communication, patient_signed = true,
    process_disclosure_data_consent = EXCLUDED.process_disclosure_data_consent, verification_status = EXCLUDED.verification_status,
    updated_by = EXCLUDED.updated_by, updated_at = EXCLUDED.updated_at
WHERE known.is_active AND known.status = 'active';

-- name: DeletePersonParts :exec
WITH documents AS (DELETE FROM mpi.person_documents d WHERE d.person_id = @id), phones AS (DELETE FROM mpi.person_phones f WHERE f.person_id = @id)
DELETE FROM mpi.person_addresses a WHERE a.person_id = @id;

-- name: InsertPersonParts :exec
WITH documents AS (
    INSERT INTO mpi.person_documents (person_id, type, number, issued_by, issued_at, expiration_date, issuing_country)
    SELECT @id, d.type, d.number, d.issued_by, d.issued_at, d.expiration_date, d.issuing_country
    FROM jsonb_to_recordset(@person::jsonb -> 'documents') AS d (
        type text, number text, issued_by text, issued_at date, expiration_date date, issuing_country text
    )
), phones AS (
    INSERT INTO mpi.person_phones (person_id, type, number)
    SELECT @id, f.type, f.number FROM jsonb_to_recordset(COALESCE(@person::jsonb -> 'phones', '[]')) AS f (type text, number text)
)
INSERT INTO mpi.person_addresses (
    person_id, position, type, country, area, region, settlement, settlement_type, settlement_id, street_type, street, building, apartment, zip
)
SELECT @id, row_number() OVER (), a.type, a.country, a.area, a.region, a.settlement, a.settlement_type, a.settlement_id, a.street_type, a.street,
    a.building, a.apartment, a.zip
FROM jsonb_to_recordset(@person::jsonb -> 'addresses') AS a (
    type text, country text, area text, region text, settlement text, settlement_type text, settlement_id uuid, street_type text, street text,
    building text, apartment text, zip text
);

-- name: InsertAuthenticationMethod :exec
INSERT INTO mpi.person_authentication_methods (
    id, person_id, type, phone_number, value, alias, is_active, started_at, ended_at, inserted_by, inserted_at, updated_by, updated_at
) VALUES (
    @id, @person_id, @type, sqlc.narg('phone_number'), sqlc.narg('value'), sqlc.narg('alias'), true, @at, sqlc.narg('ended_at'), @user_id, @at, @user_id, @at
);

-- name: InsertRelationship :exec
-- The documents are those that prove it.
WITH relationship AS (
    INSERT INTO mpi.confidant_person_relationships (
        id, person_id, confidant_person_id, relation_type, is_active, active_to, verification_status, verification_reason,
        inserted_by, inserted_at, updated_by, updated_at
    ) VALUES (
        @id, @person_id, @confidant_person_id, 'PRIMARY', true, sqlc.narg('active_to'), 'VERIFICATION_NEEDED', @verification_reason::text,
        @user_id, @at, @user_id, @at
    )
    RETURNING id
)
INSERT INTO mpi.confidant_person_relationship_documents (relationship_id, type, number, issued_by, issued_at, active_to)
SELECT relationship.id, d.type, d.number, d.issued_by, d.issued_at, d.active_to
FROM relationship,
    jsonb_to_recordset(@documents::jsonb) AS d (type text, number text, issued_by text, issued_at date, active_to date);

-- name: EndRelationships :exec
-- Nobody acts or confirms for the person any longer.
WITH methods AS (
    UPDATE mpi.person_authentication_methods m SET is_active = false, ended_at = @at::timestamptz, updated_by = @user_id, updated_at = @at
    WHERE m.person_id = @person_id AND m.type = 'THIRD_PERSON' AND m.is_active
)
UPDATE mpi.confidant_person_relationships r SET is_active = false, updated_by = @user_id, updated_at = @at
WHERE r.person_id = @person_id AND r.is_active;

-- name: PutVerification :exec
INSERT INTO mpi.person_verifications (person_id, streams, updated_by, updated_at) VALUES (@person_id, @streams, @user_id, @at)
ON CONFLICT (person_id) DO UPDATE SET streams = EXCLUDED.streams, updated_by = EXCLUDED.updated_by, updated_at = EXCLUDED.updated_at;
