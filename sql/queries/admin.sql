-- name: InsertRegistered :exec
INSERT INTO admin.registered (id, kind, inserted_at) VALUES (@id, @kind, @at);

-- name: ListRegistered :many
SELECT r.id, r.kind, r.inserted_at,
    COALESCE(c.name, u.email, concat_ws(' ', p.last_name, p.first_name, p.second_name))::text AS name,
    COALESCE((
        SELECT json_agg(json_build_object('id', e.id, 'legal_entity_id', e.legal_entity_id, 'employee_type', e.employee_type) ORDER BY e.employee_type, e.id)
        FROM prm.employees e WHERE r.kind = 'user' AND e.party_id = r.id
    ), '[]')::jsonb AS employees
FROM admin.registered r
LEFT JOIN mithril.clients c ON c.id = r.id
LEFT JOIN mithril.users u ON u.id = r.id
LEFT JOIN mpi.persons p ON p.id = r.id
ORDER BY r.inserted_at, r.id;

-- name: DeleteRegistered :one
DELETE FROM admin.registered WHERE id = @id RETURNING kind;

-- name: ListClientTypes :many
SELECT id, name, scope FROM mithril.client_types ORDER BY name;

-- name: ListRoles :many
SELECT id, name FROM mithril.roles ORDER BY name;

-- name: InsertUser :exec
INSERT INTO mithril.users (id, email, tax_id, password, password_set_at, inserted_at, updated_at)
VALUES (@id, @email, @tax_id, @password, @at, @at, @at);

-- name: InsertClient :exec
INSERT INTO mithril.clients (id, name, user_id, client_type_id, settings, priv_settings, inserted_at, updated_at)
VALUES (@id, @name, @user_id, @client_type_id, @settings, @priv_settings, @at, @at);

-- name: InsertConnection :exec
INSERT INTO mithril.connections (id, secret_hash, redirect_uri, client_id, consumer_id, inserted_at, updated_at)
VALUES (@id, @secret_hash, @redirect_uri, @client_id, @consumer_id, @at, @at);

-- name: InsertLegalEntity :exec
INSERT INTO prm.legal_entities (id, name, public_name, short_name, type, status, edrpou, is_active, nhs_verified, inserted_by, inserted_at, updated_by, updated_at)
VALUES (@id, @name, @name, @name, @type, @status, @edrpou, true, true, @by, @at, @by, @at);

-- name: InsertParty :exec
INSERT INTO prm.parties (
    id, first_name, last_name, second_name, birth_date, gender, tax_id, no_tax_id, phones, documents, verification_status,
    inserted_by, inserted_at, updated_by, updated_at
) VALUES (
    @id, @first_name, @last_name, @second_name, @birth_date, @gender, @tax_id, @no_tax_id, @phones, @documents, 'VERIFIED', @by, @at, @by, @at
);

-- name: InsertPartyUser :exec
INSERT INTO prm.party_users (id, user_id, party_id, inserted_at, updated_at) VALUES (@id, @user_id, @party_id, @at, @at);

-- name: InsertEmployee :exec
-- Live clients want every field of a speciality; nobody is asked for a certificate.
INSERT INTO prm.employees (
    id, party_id, legal_entity_id, employee_type, position, status, is_active, start_date, speciality,
    inserted_by, inserted_at, updated_by, updated_at
) VALUES (
    @id, @party_id, @legal_entity_id, @employee_type, @position, 'APPROVED', true, @start_date,
    CASE WHEN @speciality::text <> '' THEN jsonb_build_object(
        'speciality', @speciality::text, 'speciality_officio', true, 'level', 'BASIC', 'qualification_type', 'AWARDING',
        'attestation_name', 'Не вказано', 'attestation_date', @start_date::date, 'certificate_number', 'Не вказано') END, @by, @at, @by, @at
);

-- name: InsertUserRole :exec
INSERT INTO mithril.user_roles (id, user_id, role_id, client_id, inserted_at, updated_at) VALUES (@id, @user_id, @role_id, @client_id, @at, @at);

-- name: InsertPerson :exec
INSERT INTO mpi.persons (
    id, first_name, last_name, second_name, birth_date, gender, tax_id, no_tax_id, unzr, status, is_active, verification_status,
    inserted_by, inserted_at, updated_by, updated_at
) VALUES (
    @id, @first_name, @last_name, @second_name, @birth_date, @gender, @tax_id, @no_tax_id, @unzr, 'active', true, 'VERIFIED', @by, @at, @by, @at
);

-- name: InsertPersonDocument :exec
INSERT INTO mpi.person_documents (person_id, type, number, issued_by, issued_at) VALUES (@person_id, @type, @number, @issued_by, @issued_at);

-- name: InsertPersonMethod :exec
INSERT INTO mpi.person_authentication_methods (
    id, person_id, type, phone_number, value, alias, is_active, started_at, inserted_by, inserted_at, updated_by, updated_at
) VALUES (@id, @person_id, @type, @phone_number, @value, @alias, true, @at, @by, @at, @by, @at);

-- name: CountConsumers :one
-- How many other clients call through a MIS. Their connections would go with it.
SELECT count(*) FROM mithril.connections WHERE consumer_id = @id AND client_id <> @id;

-- name: SeedRole :exec
INSERT INTO mithril.roles (id, name, scope, inserted_at, updated_at) VALUES (@id, @name, @scope, @at, @at) ON CONFLICT (name) DO NOTHING;

-- name: SeedClientType :exec
INSERT INTO mithril.client_types (id, name, scope, inserted_at, updated_at) VALUES (@id, @name, @scope, @at, @at) ON CONFLICT (name) DO NOTHING;
