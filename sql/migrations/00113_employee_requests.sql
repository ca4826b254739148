-- Requests to employ somebody.

-- +goose Up
CREATE TABLE il.employee_requests (
    id              uuid        PRIMARY KEY,
    legal_entity_id uuid        NOT NULL REFERENCES prm.legal_entities (id),
    data            jsonb       NOT NULL,
    status          text        NOT NULL CHECK (status IN ('NEW', 'APPROVED', 'REJECTED', 'EXPIRED')),
    employee_id     uuid        REFERENCES prm.employees (id),
    inserted_by     uuid        NOT NULL,
    inserted_at     timestamptz NOT NULL,
    updated_by      uuid        NOT NULL,
    updated_at      timestamptz NOT NULL
);
CREATE INDEX employee_requests_legal_entity_id_idx ON il.employee_requests (legal_entity_id, inserted_at DESC, id);
CREATE INDEX employee_requests_status_idx ON il.employee_requests (status, inserted_at DESC, id);
CREATE INDEX employee_requests_inserted_at_idx ON il.employee_requests (inserted_at DESC, id);
CREATE INDEX employee_requests_no_tax_id_idx ON il.employee_requests (inserted_at DESC, id) WHERE data #> '{party,no_tax_id}' = 'true';
COMMENT ON COLUMN il.employee_requests.data IS 'The employee_request of the body, as it was sent.';

CREATE VIEW il.employee_request_details AS
SELECT r.id, r.legal_entity_id,
       jsonb_build_object(
           'id', r.id, 'status', r.status, 'edrpou', l.edrpou, 'legal_entity_name', l.name, 'first_name', r.data #> '{party,first_name}',
           'last_name', r.data #> '{party,last_name}', 'second_name', r.data #> '{party,second_name}',
           'no_tax_id', COALESCE(r.data #> '{party,no_tax_id}', 'false'), 'inserted_at', prm.moment(r.inserted_at)) AS listed,
       jsonb_build_object(
           'division_id', r.data -> 'division_id', 'employee_id', COALESCE(r.employee_id::text, r.data ->> 'employee_id'),
           'legal_entity_id', r.legal_entity_id, 'updated_at', prm.moment(r.updated_at)) AS known,
       r.data,
       CASE WHEN u.id IS NULL THEN 'null' ELSE jsonb_build_object('user_id', u.id) END::jsonb AS urgent
FROM il.employee_requests r
JOIN prm.legal_entities l ON l.id = r.legal_entity_id
LEFT JOIN mithril.users u ON lower(u.email) = lower(r.data #>> '{party,email}');
COMMENT ON VIEW il.employee_request_details IS 'An employee request as objects with the field names of the API: listed is what lists show, and details show all but urgent together.';

-- +goose Down
DROP VIEW il.employee_request_details;
DROP TABLE il.employee_requests;
