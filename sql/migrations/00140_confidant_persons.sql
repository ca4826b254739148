-- Who may act for a person, whole, as requests of version 1 and declarations show them.

-- +goose Up
CREATE FUNCTION mpi.confidant_persons(person uuid, moment timestamptz) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_agg(jsonb_build_object(
        'relation_type', r.relation_type, 'first_name', c.first_name, 'last_name', c.last_name, 'second_name', c.second_name,
        'birth_date', c.birth_date, 'birth_country', c.birth_country, 'birth_settlement', c.birth_settlement, 'gender', c.gender,
        'tax_id', c.tax_id, 'unzr', c.unzr, 'secret', c.secret, 'email', c.email, 'preferred_way_communication', c.preferred_way_communication,
        'documents_person', COALESCE((
            SELECT jsonb_agg(to_jsonb(d) - 'person_id' ORDER BY d.type) FROM mpi.person_documents d WHERE d.person_id = c.id), '[]'),
        'documents_relationship', COALESCE((
            SELECT jsonb_agg(to_jsonb(d) - 'relationship_id' ORDER BY d.type)
            FROM mpi.confidant_person_relationship_documents d WHERE d.relationship_id = r.id), '[]'),
        'phones', (
            SELECT jsonb_agg(jsonb_build_object('type', n.type, 'number', n.number) ORDER BY n.type)
            FROM mpi.person_phones n WHERE n.person_id = c.id)
    ) ORDER BY r.inserted_at, r.id)
    FROM mpi.confidant_person_relationships r
    JOIN mpi.persons c ON c.id = r.confidant_person_id
    WHERE r.person_id = person AND r.is_active AND (r.active_to IS NULL OR r.active_to > moment)
      AND (r.verification_status = 'VERIFIED'
           OR r.verification_status = 'VERIFICATION_NEEDED' AND r.verification_reason = 'MANUAL_CREATED_BY_DOCTOR')
$$;
COMMENT ON FUNCTION mpi.confidant_persons IS 'The approved confidants of a person at a moment, as a list of objects with the field names of the API; null when there is none.';

-- +goose Down
DROP FUNCTION mpi.confidant_persons;
