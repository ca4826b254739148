package events

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/postgres"
)

// Store reads the events.
type Store struct{ Pool *pgxpool.Pool }

// get returns an event; fault.ErrNotFound when there is none.
func (s Store) get(ctx context.Context, id uuid.UUID) (api.Event, error) {
	row, err := db.New().GetEvent(ctx, s.Pool, id)
	if err != nil {
		return api.Event{}, fmt.Errorf("get event: %w", postgres.Error(err))
	}
	return show(row)
}

// list returns a page of events, oldest first, and how many there are in all.
func (s Store) list(ctx context.Context, f filter, page envelope.Page) (found []api.Event, total int, err error) {
	rows, err := s.read(ctx, f, page.Size, page.Offset())
	if err == nil && len(rows) == 0 && page.Offset() > 0 {
		// A page past the end has no row that tells how many there are.
		var first []db.ListEventsRow
		if first, err = s.read(ctx, f, 1, 0); len(first) > 0 {
			total = int(first[0].Total)
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("list events: %w", postgres.Error(err))
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

func (s Store) read(ctx context.Context, f filter, limit, offset int) ([]db.ListEventsRow, error) {
	return db.New().ListEvents(ctx, s.Pool, db.ListEventsParams{
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
