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
