// Package events stores the events of the Event Manager: changes of status and of
// other parts of the state.
package events

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
)

// Types of an event: the status changed, or another part of the state, such as
// program_processing_status of a referral (decisions R22).
const (
	StatusChange = "StatusChangeEvent"
	StateChange  = "StateChangeEvent"
)

// Event is one change of one attribute of one entity.
type Event struct {
	ID         uuid.UUID
	Type       string
	EntityType string // of the catalogue of events: DeviceDispense, ServiceRequest, …
	EntityID   uuid.UUID
	Attribute  string
	NewValue   any
	At         time.Time
	ChangedBy  uuid.UUID
}

// IDOfJob returns the id of a job's event. All tries of the job have the same id.
func IDOfJob(job string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte("esoz job "+job)) }

// Write adds the event to the transaction of its change.
func Write(ctx context.Context, tx postgres.Tx, e Event) error {
	properties, err := json.Marshal(map[string]any{e.Attribute: map[string]any{"new_value": e.NewValue}})
	if err != nil {
		return fmt.Errorf("encode event of %s %s: %w", e.EntityType, e.EntityID, err)
	}
	err = db.New().InsertEvent(ctx, tx, db.InsertEventParams{
		ID: e.ID, EventType: e.Type, EntityType: e.EntityType, EntityID: e.EntityID,
		Properties: properties, EventTime: e.At, ChangedBy: e.ChangedBy, At: e.At,
	})
	if err != nil {
		return fmt.Errorf("write event of %s %s: %w", e.EntityType, e.EntityID, err)
	}
	return nil
}
