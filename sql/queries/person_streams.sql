-- name: LockPersonStreams :one
-- What the registers have said of a person, while nobody else changes it.
SELECT p.verification_status, COALESCE(v.streams, '{}')::jsonb AS streams
FROM mpi.persons p
LEFT JOIN mpi.person_verifications v ON v.person_id = p.id
WHERE p.id = @id
FOR UPDATE OF p;

-- name: SetPersonVerificationStatus :exec
UPDATE mpi.persons SET verification_status = @verification_status, updated_by = @user_id, updated_at = @at WHERE id = @id;

-- name: UpdateRelationship :one
-- The newest relationship of two persons.
UPDATE mpi.confidant_person_relationships
SET relation_type = @relation_type, is_active = @is_active, active_to = sqlc.narg('active_to'), verification_status = @verification_status,
    verification_reason = @verification_reason::text, updated_by = @user_id, updated_at = @at
WHERE id = (
    SELECT r.id FROM mpi.confidant_person_relationships r
    WHERE r.person_id = @person_id AND r.confidant_person_id = @confidant_person_id
    ORDER BY r.inserted_at DESC, r.id
    LIMIT 1)
RETURNING id;

-- name: AddRelationship :exec
INSERT INTO mpi.confidant_person_relationships (
    id, person_id, confidant_person_id, relation_type, is_active, active_to, verification_status, verification_reason,
    inserted_by, inserted_at, updated_by, updated_at
) VALUES (
    @id, @person_id, @confidant_person_id, @relation_type, @is_active, sqlc.narg('active_to'), @verification_status, @verification_reason::text,
    @user_id, @at, @user_id, @at
);

-- name: CountPersons :one
SELECT count(*) FROM mpi.persons WHERE id = ANY (@ids::uuid[]);

-- name: DeleteRelationshipDocuments :exec
DELETE FROM mpi.confidant_person_relationship_documents WHERE relationship_id = @id;

-- name: AddRelationshipDocuments :exec
INSERT INTO mpi.confidant_person_relationship_documents (relationship_id, type, number, issued_by, issued_at, active_to)
SELECT @id, d.type, d.number, d.issued_by, d.issued_at, d.active_to
FROM jsonb_to_recordset(@documents::jsonb) AS d (type text, number text, issued_by text, issued_at date, active_to date);
