-- name: GetLegalEntity :one
SELECT id, name, short_name, public_name, type, status, is_active, nhs_verified
FROM prm.legal_entities
WHERE id = @id;
