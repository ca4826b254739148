-- name: GetMedicalProgram :one
SELECT * FROM prm.medical_programs WHERE id = @id;

-- name: ListMedicalPrograms :many
-- A page of medical programs with the number of all that match. A page past the end has
-- no row to carry that number: ask again with limit 1, offset 0.
SELECT sqlc.embed(p), count(*) OVER () AS total
FROM prm.medical_programs p
WHERE p.is_active = @is_active
  AND (sqlc.narg('id')::uuid IS NULL OR p.id = sqlc.narg('id')::uuid)
  -- strpos, because LIKE would give the caller's % and _ a meaning.
  AND (sqlc.narg('name')::text IS NULL OR strpos(prm.fold_case(p.name), prm.fold_case(sqlc.narg('name')::text)) > 0)
  AND (sqlc.narg('mr_blank_type')::text IS NULL OR p.mr_blank_type = sqlc.narg('mr_blank_type')::text)
  AND (sqlc.narg('type')::text IS NULL OR p.type = sqlc.narg('type')::text)
ORDER BY p.inserted_at, p.id
LIMIT @page_limit OFFSET @page_offset;

-- name: GetProgramService :one
SELECT * FROM prm.program_services WHERE id = @id;

-- name: ListProgramServices :many
-- A page of what a program pays for, as in ListMedicalPrograms.
SELECT sqlc.embed(p), count(*) OVER () AS total
FROM prm.program_services p
WHERE p.program_id = @program_id AND p.is_active
ORDER BY p.inserted_at, p.id
LIMIT @page_limit OFFSET @page_offset;
