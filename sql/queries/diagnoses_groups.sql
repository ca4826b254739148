-- name: GetDiagnosesGroup :one
SELECT id, name, code, description FROM prm.diagnoses_groups WHERE id = @id AND is_active;

-- name: ListDiagnosesGroupCodes :many
-- The active diagnoses of active groups.
SELECT c.id, c.code, c.system
FROM prm.diagnoses_group_codes c
JOIN prm.diagnoses_groups g ON g.id = c.diagnoses_group_id
WHERE c.diagnoses_group_id = ANY (@groups::uuid[]) AND c.is_active AND g.is_active
ORDER BY c.system, c.code COLLATE "C", c.id;

-- name: ListDiagnosesGroups :many
-- A page of active groups of diagnoses with the number of all that match. A page past the
-- end has no row to carry that number: ask again with limit 1, offset 0.
SELECT g.id, g.name, g.code, g.description, count(*) OVER () AS total
FROM prm.diagnoses_groups g
WHERE g.is_active
  -- strpos, because LIKE would give the caller's % and _ a meaning.
  AND (sqlc.narg('name')::text IS NULL OR strpos(prm.fold_case(g.name), prm.fold_case(sqlc.narg('name')::text)) > 0)
  AND (sqlc.narg('code')::text IS NULL OR g.code = sqlc.narg('code')::text)
  -- Both filters of a diagnosis mean the same one.
  AND (sqlc.narg('diagnosis_code')::text IS NULL AND sqlc.narg('diagnosis_name')::text IS NULL OR EXISTS (
      SELECT 1 FROM prm.diagnoses_group_codes c
      WHERE c.diagnoses_group_id = g.id AND c.is_active
        AND (sqlc.narg('diagnosis_code')::text IS NULL OR c.code = sqlc.narg('diagnosis_code')::text)
        AND (sqlc.narg('diagnosis_name')::text IS NULL OR EXISTS (
            SELECT 1 FROM prm.dictionaries d
            JOIN prm.dictionary_values v ON v.dictionary_id = d.id
            WHERE d.name = c.system AND v.code = c.code
              AND strpos(prm.fold_case(v.description), prm.fold_case(sqlc.narg('diagnosis_name')::text)) > 0
        ))
  ))
ORDER BY g.inserted_at, g.id
LIMIT @page_limit OFFSET @page_offset;
