-- Indexes and conditions of tables that may be large. They are made beside the work of others, which no
-- transaction can do: a run that was interrupted begins anew, so what it left is dropped first.

-- +goose NO TRANSACTION

-- +goose Up
SET lock_timeout = 0; -- who waits here keeps nobody waiting

DROP INDEX CONCURRENTLY IF EXISTS otp.verifications_live_key;
CREATE UNIQUE INDEX CONCURRENTLY verifications_live_key ON otp.verifications (phone_number, resource_id) NULLS NOT DISTINCT WHERE active;
DROP INDEX CONCURRENTLY IF EXISTS otp.verifications_active_key;

DROP INDEX CONCURRENTLY IF EXISTS mpi.persons_name_idx;
CREATE INDEX CONCURRENTLY persons_name_idx ON mpi.persons (birth_date, lower(last_name), lower(first_name)) WHERE is_active AND status = 'active';
DROP INDEX CONCURRENTLY IF EXISTS mpi.persons_tax_id_idx;
CREATE INDEX CONCURRENTLY persons_tax_id_idx ON mpi.persons (tax_id) WHERE tax_id IS NOT NULL AND is_active AND status = 'active';
DROP INDEX CONCURRENTLY IF EXISTS mpi.person_authentication_methods_phone_idx;
CREATE INDEX CONCURRENTLY person_authentication_methods_phone_idx ON mpi.person_authentication_methods (phone_number) WHERE phone_number IS NOT NULL;

DROP INDEX CONCURRENTLY IF EXISTS il.person_requests_age_idx;
CREATE INDEX CONCURRENTLY person_requests_age_idx ON il.person_requests (inserted_at) WHERE data IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS il.declaration_requests_inserted_at_idx;
CREATE INDEX CONCURRENTLY declaration_requests_inserted_at_idx ON il.declaration_requests (inserted_at) WHERE data IS NOT NULL;

DROP INDEX CONCURRENTLY IF EXISTS ops.declarations_legal_entity_id_idx;
CREATE INDEX CONCURRENTLY declarations_legal_entity_id_idx ON ops.declarations (legal_entity_id, inserted_at DESC, id);
DROP INDEX CONCURRENTLY IF EXISTS ops.declarations_employee_id_idx;
CREATE INDEX CONCURRENTLY declarations_employee_id_idx ON ops.declarations (employee_id, status);
DROP INDEX CONCURRENTLY IF EXISTS ops.declarations_end_date_idx;
CREATE INDEX CONCURRENTLY declarations_end_date_idx ON ops.declarations (end_date) WHERE status = 'active';

DROP INDEX CONCURRENTLY IF EXISTS prm.employees_legal_entity_id_idx;
CREATE INDEX CONCURRENTLY employees_legal_entity_id_idx ON prm.employees (legal_entity_id, inserted_at, id);
DROP INDEX CONCURRENTLY IF EXISTS prm.employees_of_division_idx;
CREATE INDEX CONCURRENTLY employees_of_division_idx ON prm.employees (division_id);
DROP INDEX CONCURRENTLY IF EXISTS prm.employees_employee_type_idx;
CREATE INDEX CONCURRENTLY employees_employee_type_idx ON prm.employees (employee_type, inserted_at, id);
DROP INDEX CONCURRENTLY IF EXISTS prm.employees_status_idx;
CREATE INDEX CONCURRENTLY employees_status_idx ON prm.employees (status, inserted_at, id);
DROP INDEX CONCURRENTLY IF EXISTS prm.employees_inserted_at_idx;
CREATE INDEX CONCURRENTLY employees_inserted_at_idx ON prm.employees (inserted_at, id) WHERE is_active;
DROP INDEX CONCURRENTLY IF EXISTS prm.parties_tax_id_idx;
CREATE INDEX CONCURRENTLY parties_tax_id_idx ON prm.parties (tax_id);
DROP INDEX CONCURRENTLY IF EXISTS prm.parties_no_tax_id_idx;
CREATE INDEX CONCURRENTLY parties_no_tax_id_idx ON prm.parties (id) WHERE no_tax_id;
DROP INDEX CONCURRENTLY IF EXISTS prm.parties_verification_status_idx;
CREATE INDEX CONCURRENTLY parties_verification_status_idx ON prm.parties (verification_status);
DROP INDEX CONCURRENTLY IF EXISTS prm.legal_entities_edrpou_idx;
CREATE INDEX CONCURRENTLY legal_entities_edrpou_idx ON prm.legal_entities (edrpou);
DROP INDEX CONCURRENTLY IF EXISTS prm.legal_entities_inserted_at_idx;
CREATE INDEX CONCURRENTLY legal_entities_inserted_at_idx ON prm.legal_entities (inserted_at, id) WHERE is_active;
DROP INDEX CONCURRENTLY IF EXISTS prm.legal_entities_type_idx;
CREATE INDEX CONCURRENTLY legal_entities_type_idx ON prm.legal_entities (type, inserted_at, id);
DROP INDEX CONCURRENTLY IF EXISTS prm.legal_entities_status_idx;
CREATE INDEX CONCURRENTLY legal_entities_status_idx ON prm.legal_entities (status, inserted_at, id);
DROP INDEX CONCURRENTLY IF EXISTS prm.legal_entities_settlement_id_idx;
CREATE INDEX CONCURRENTLY legal_entities_settlement_id_idx ON prm.legal_entities ((residence_address ->> 'settlement_id'));
DROP INDEX CONCURRENTLY IF EXISTS prm.employee_roles_of_employee_idx;
CREATE INDEX CONCURRENTLY employee_roles_of_employee_idx ON prm.employee_roles (employee_id, inserted_at, id);
DROP INDEX CONCURRENTLY IF EXISTS prm.employee_roles_healthcare_service_id_idx;
CREATE INDEX CONCURRENTLY employee_roles_healthcare_service_id_idx ON prm.employee_roles (healthcare_service_id, inserted_at, id);
DROP INDEX CONCURRENTLY IF EXISTS prm.employee_roles_inserted_at_idx;
CREATE INDEX CONCURRENTLY employee_roles_inserted_at_idx ON prm.employee_roles (inserted_at, id) WHERE is_active;
DROP INDEX CONCURRENTLY IF EXISTS prm.healthcare_services_legal_entity_id_idx;
CREATE INDEX CONCURRENTLY healthcare_services_legal_entity_id_idx ON prm.healthcare_services (legal_entity_id, inserted_at, id);
DROP INDEX CONCURRENTLY IF EXISTS prm.healthcare_services_of_division_idx;
CREATE INDEX CONCURRENTLY healthcare_services_of_division_idx ON prm.healthcare_services (division_id, inserted_at, id);
DROP INDEX CONCURRENTLY IF EXISTS prm.healthcare_services_speciality_type_idx;
CREATE INDEX CONCURRENTLY healthcare_services_speciality_type_idx ON prm.healthcare_services (speciality_type, inserted_at, id);
DROP INDEX CONCURRENTLY IF EXISTS prm.healthcare_services_providing_condition_idx;
CREATE INDEX CONCURRENTLY healthcare_services_providing_condition_idx ON prm.healthcare_services (providing_condition, inserted_at, id);
DROP INDEX CONCURRENTLY IF EXISTS prm.healthcare_services_category_idx;
CREATE INDEX CONCURRENTLY healthcare_services_category_idx ON prm.healthcare_services ((category #>> '{coding,0,code}'), inserted_at, id);
DROP INDEX CONCURRENTLY IF EXISTS prm.healthcare_services_type_idx;
CREATE INDEX CONCURRENTLY healthcare_services_type_idx ON prm.healthcare_services ((type #>> '{coding,0,code}'), inserted_at, id);
DROP INDEX CONCURRENTLY IF EXISTS prm.healthcare_services_inserted_at_idx;
CREATE INDEX CONCURRENTLY healthcare_services_inserted_at_idx ON prm.healthcare_services (inserted_at, id) WHERE is_active;

COMMENT ON INDEX il.declaration_requests_inserted_at_idx IS 'For the expiry job, which takes the data of old requests away.';
COMMENT ON INDEX ops.declarations_employee_id_idx IS 'For filters, and for the limits of doctors.';

ALTER TABLE mpi.persons VALIDATE CONSTRAINT persons_preferred_way_communication_check;
ALTER TABLE prm.employees VALIDATE CONSTRAINT employees_status_check;

RESET lock_timeout;

-- +goose Down
UPDATE otp.verifications SET active = false, status = 'canceled' WHERE active AND resource_id IS NOT NULL; -- a phone has one live code
DROP INDEX CONCURRENTLY IF EXISTS otp.verifications_active_key;
CREATE UNIQUE INDEX CONCURRENTLY verifications_active_key ON otp.verifications (phone_number) WHERE active;
DROP INDEX CONCURRENTLY IF EXISTS otp.verifications_live_key;
DROP INDEX CONCURRENTLY IF EXISTS prm.healthcare_services_inserted_at_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.healthcare_services_type_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.healthcare_services_category_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.healthcare_services_providing_condition_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.healthcare_services_speciality_type_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.healthcare_services_of_division_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.healthcare_services_legal_entity_id_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.employee_roles_inserted_at_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.employee_roles_healthcare_service_id_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.employee_roles_of_employee_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.legal_entities_settlement_id_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.legal_entities_status_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.legal_entities_type_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.legal_entities_inserted_at_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.legal_entities_edrpou_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.parties_verification_status_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.parties_no_tax_id_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.parties_tax_id_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.employees_inserted_at_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.employees_status_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.employees_employee_type_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.employees_of_division_idx;
DROP INDEX CONCURRENTLY IF EXISTS prm.employees_legal_entity_id_idx;
CREATE INDEX CONCURRENTLY employees_legal_entity_id_idx ON prm.employees (legal_entity_id);
DROP INDEX CONCURRENTLY IF EXISTS ops.declarations_end_date_idx;
DROP INDEX CONCURRENTLY IF EXISTS ops.declarations_employee_id_idx;
DROP INDEX CONCURRENTLY IF EXISTS ops.declarations_legal_entity_id_idx;
DROP INDEX CONCURRENTLY IF EXISTS il.declaration_requests_inserted_at_idx;
DROP INDEX CONCURRENTLY IF EXISTS il.person_requests_age_idx;
DROP INDEX CONCURRENTLY IF EXISTS mpi.person_authentication_methods_phone_idx;
DROP INDEX CONCURRENTLY IF EXISTS mpi.persons_tax_id_idx;
DROP INDEX CONCURRENTLY IF EXISTS mpi.persons_name_idx;
