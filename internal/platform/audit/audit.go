// Package audit writes rows of prm.audit_log (user, object, written fields) in
// the transaction of the change.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
)

// Entry is one change of one row or document.
type Entry struct {
	Actor      uuid.UUID
	Resource   string    // the table or the collection
	ResourceID uuid.UUID // a person's, too: no error tells it
	Changeset  any       // the written fields, as JSON
	At         time.Time
}

// Write adds the entry to the transaction.
func Write(ctx context.Context, tx postgres.Tx, e Entry) error {
	changeset, err := json.Marshal(e.Changeset)
	if err != nil {
		return fmt.Errorf("encode audit changeset of %s: %w", e.Resource, err)
	}
	err = db.New().InsertAuditLog(ctx, tx, db.InsertAuditLogParams{
		ID: uuid.New(), ActorID: e.Actor.String(), Resource: e.Resource, ResourceID: e.ResourceID.String(),
		Changeset: changeset, InsertedAt: e.At,
	})
	if err != nil {
		return fmt.Errorf("write audit row of %s: %w", e.Resource, err)
	}
	return nil
}
