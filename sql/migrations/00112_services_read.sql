-- What the reads of employee roles and healthcare services show and look for.

-- +goose Up

UPDATE prm.healthcare_services
SET category = '{"coding": [{"system": "HEALTHCARE_SERVICE_CATEGORIES", "code": "MSP"}]}'
WHERE category IS NULL;
ALTER TABLE prm.healthcare_services
    ALTER COLUMN category SET NOT NULL,
    ADD COLUMN licensed_healthcare_service jsonb;
COMMENT ON COLUMN prm.healthcare_services.licensed_healthcare_service IS 'What the National Health Service has decided about it.';

CREATE VIEW prm.healthcare_service_details AS
SELECT h.id, h.legal_entity_id, h.is_active,
       jsonb_build_object(
           'id', h.id, 'division_id', h.division_id, 'legal_entity_id', h.legal_entity_id, 'license_id', h.license_id,
           'speciality_type', h.speciality_type, 'providing_condition', h.providing_condition, 'category', h.category, 'type', h.type,
           'status', h.status, 'comment', h.comment, 'coverage_area', h.coverage_area, 'available_time', COALESCE(h.available_time, '[]'),
           'not_available', COALESCE(h.not_available, '[]'), 'licensed_healthcare_service', h.licensed_healthcare_service, 'is_active', h.is_active,
           'inserted_at', prm.moment(h.inserted_at), 'inserted_by', h.inserted_by,
           'updated_at', prm.moment(h.updated_at), 'updated_by', h.updated_by) AS shown
FROM prm.healthcare_services h;
COMMENT ON VIEW prm.healthcare_service_details IS 'A healthcare service as an object with the field names of the API.';

-- +goose Down
DROP VIEW prm.healthcare_service_details;
ALTER TABLE prm.healthcare_services ALTER COLUMN category DROP NOT NULL, DROP COLUMN licensed_healthcare_service;
