package main

import (
	"context"
	"fmt"

	"esoz/gen/client"
)

// change is what events tell of an object.
type change struct {
	entity, id string
	events     int
}

// changed remembers that the walk has changed an object, and by how many events that is told.
func (m *mis) changed(entity, id string, events int) {
	m.changes = append(m.changes, change{entity, id, events})
}

// readEvents shows what has changed since the walk began, and counts it.
func (m *mis) readEvents(ctx context.Context) error {
	told := map[change]int{}
	for _, entity := range []string{"ServiceRequest", "DeviceRequest", "DeviceDispense"} {
		events, err := m.itself.ListEventsWithResponse(ctx, &client.ListEventsParams{
			EntityType: &entity, Date: new(m.began.Format("2006-01-02T15:04:05")), PageSize: new(100),
		})
		if err != nil {
			return fmt.Errorf("read the events: %w", err)
		}
		for _, event := range events.JSON200.Data {
			told[change{entity: event.EntityType, id: event.EntityID}]++
			for name, property := range event.Properties {
				fmt.Println("Event:", event.EntityType, event.EntityID, name, "is now", property.NewValue)
			}
		}
	}
	for _, c := range m.changes {
		if n := told[change{entity: c.entity, id: c.id}]; n != c.events {
			return fmt.Errorf("%d events tell of %s %s, want %d", n, c.entity, c.id, c.events)
		}
	}
	return nil
}
