// Package events keeps what the Event Manager tells of changes.
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

// Types of an event: a status changed, or a part of the state that is no
// status, such as a referral's program processing (decisions R22).
const (
	StatusChange = "StatusChangeEvent"
	StateChange  = "StateChangeEvent"
)

// Event is one change of one attribute of one entity.
type Event struct {
	ID         uuid.UUID
	Type       string
	EntityType string // as the catalogue names it: DeviceDispense, ServiceRequest, …
	EntityID   uuid.UUID
	Attribute  string
	NewValue   any
	At         time.Time
	ChangedBy  uuid.UUID
}

// IDOfJob is the id of the event that a job makes: the same however often the
// job is tried.
func IDOfJob(job string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte("esoz job "+job)) }

// Write adds the event to the transaction of the change that it tells.
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
