-- name: GetServiceRequestUse :one
-- What Use Service Request asks about a program, the requested service or group of services, an employee and a division.
-- A column is null when there is no such row.
SELECT
    p.type AS program_type,
    n.name AS program_name, -- also of one that has ended
    EXISTS (SELECT FROM prm.program_services ps WHERE ps.program_id = @program_id AND ps.is_active
        AND (ps.service_id = @service_id OR ps.service_group_id = ANY (g.ids))) AS included,
    EXISTS (SELECT FROM prm.program_services ps WHERE ps.program_id = @program_id AND ps.is_active AND ps.request_allowed
        AND (ps.service_id = @service_id OR ps.service_group_id = ANY (g.ids))) AS request_allowed,
    e.legal_entity_id AS employee_legal_entity_id,
    e.status AS employee_status,
    e.employee_type,
    d.legal_entity_id AS division_legal_entity_id
FROM (SELECT array_append(array_agg(i.service_group_id), @service_id::uuid) AS ids
      FROM prm.service_inclusions i WHERE i.service_id = @service_id AND i.is_active) AS g
LEFT JOIN prm.medical_programs n ON n.id = @program_id
LEFT JOIN prm.medical_programs p ON p.id = n.id AND p.is_active
LEFT JOIN prm.employees e ON e.id = @employee_id
LEFT JOIN prm.divisions d ON d.id = @division_id;

-- name: GetServiceOfProgram :one
-- The service of an active row of a program, null when the program pays for a group of services.
SELECT service_id FROM prm.program_services WHERE id = @id AND is_active;

-- name: ProgramSendsNoSMS :one
-- Whether a medical program has its requests written without an SMS to the patient.
SELECT EXISTS (SELECT FROM prm.medical_programs
    WHERE id = @id AND medical_program_settings -> 'request_notification_disabled' = 'true'::jsonb)::boolean;
