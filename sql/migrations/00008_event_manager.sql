-- Events of the Event Manager.

-- +goose Up
CREATE SCHEMA event_manager;

CREATE TABLE event_manager.events (
    id          uuid        PRIMARY KEY,
    event_type  text        NOT NULL CHECK (event_type IN ('StatusChangeEvent', 'StateChangeEvent')),
    entity_type text        NOT NULL,
    entity_id   uuid        NOT NULL,
    properties  jsonb       NOT NULL,
    event_time  timestamptz NOT NULL,
    changed_by  uuid        NOT NULL,
    inserted_at timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
CREATE INDEX events_event_time_idx ON event_manager.events (event_time, id);
CREATE INDEX events_entity_type_idx ON event_manager.events (entity_type, event_type, event_time);
CREATE INDEX events_inserted_at_idx ON event_manager.events (inserted_at, id);
COMMENT ON TABLE event_manager.events IS 'Written in the transaction of the change that they tell; readers see all of them, whoever caused them.';
COMMENT ON COLUMN event_manager.events.properties IS '{"<attribute>": {"new_value": ...}}; an attribute may have a dot in its name (detail.status).';

-- +goose Down
DROP SCHEMA event_manager CASCADE;
