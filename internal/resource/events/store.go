package events

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/postgres"
)

// Store reads the events.
type Store struct{ Lists *postgres.Lists }

// get returns an event; fault.ErrNotFound when there is none.
func (s Store) get(ctx context.Context, id uuid.UUID) (api.Event, error) {
	var row db.GetEventRow
	err := s.Lists.Read(ctx, func(ctx context.Context, from postgres.Conn) (err error) {
		row, err = db.New().GetEvent(ctx, from, id)
		return err
	})
	if err != nil {
		return api.Event{}, fmt.Errorf("get event: %w", err)
	}
	return show(row)
}

// list returns a page of events, oldest first, and how many there are in all.
func (s Store) list(ctx context.Context, f filter, page envelope.Page) (found []api.Event, total int, err error) {
	var rows []db.ListEventsRow
	err = s.Lists.Read(ctx, func(ctx context.Context, from postgres.Conn) (err error) {
		rows, err = read(ctx, from, f, page.Size, page.Offset())
		if err == nil && len(rows) == 0 && page.Offset() > 0 {
			// A page past the end has no row that tells how many there are.
			var first []db.ListEventsRow
			if first, err = read(ctx, from, f, 1, 0); len(first) > 0 {
				total = int(first[0].Total)
			}
		}
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list events: %w", err)
	}
	found = make([]api.Event, len(rows))
	for i, row := range rows {
		total = int(row.Total)
		found[i], err = show(db.GetEventRow{
			ID: row.ID, EventType: row.EventType, EntityType: row.EntityType, EntityID: row.EntityID,
			Properties: row.Properties, EventTime: row.EventTime, ChangedBy: row.ChangedBy,
		})
		if err != nil {
			return nil, 0, err
		}
	}
	return found, total, nil
}

func read(ctx context.Context, from postgres.Conn, f filter, limit, offset int) ([]db.ListEventsRow, error) {
	return db.New().ListEvents(ctx, from, db.ListEventsParams{
		DateFrom: f.from, DateTo: f.to, EventType: f.eventType, EntityType: f.entityType,
		AttributeName: f.attributeName, NewValue: f.newValue,
		PageLimit: int32(limit), PageOffset: int32(offset), //nolint:gosec // bounded when the query was read
	})
}

func show(row db.GetEventRow) (api.Event, error) {
	event := api.Event{
		ID: row.ID.String(), EventType: api.EventEventType(row.EventType), EntityType: row.EntityType, EntityID: row.EntityID.String(),
		EventTime: envelope.Micro(row.EventTime), ChangedBy: row.ChangedBy.String(),
	}
	if err := json.Unmarshal(row.Properties, &event.Properties); err != nil {
		return event, fmt.Errorf("decode properties of event %s: %w", row.ID, err)
	}
	return event, nil
}
