package operation

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/google/uuid"

	"esoz/internal/platform/audit"
	"esoz/internal/platform/events"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
)

// Following is the change of a further document that a transition brings about. The job
// makes it once its own document has changed, with a mark, so that a job that carries on
// after a crash finds it. Whoever has changed that document since has the last word: a
// following whose states it has left is left out.
type Following[A, D, B any] struct {
	Collection string
	From       []string // statuses that the document is in; empty: any
	Event      Event    // as of a Transition
	// Change returns the document and what to change; nil when nothing follows.
	Change func(ctx context.Context, c *Call[A, D, B]) (uuid.UUID, *Change, error)
}

// followed is a following that the job has made.
type followed struct {
	collection string
	id         uuid.UUID
	event      Event
	change     mongodb.Change
	store      mongodb.Documents
}

// follow makes the changes of further documents.
func (t *Transition[A, D, B]) follow(ctx context.Context, c *Call[A, D, B], jobID string) (made []followed, err error) {
	for i, f := range t.Follows {
		id, change, err := f.Change(ctx, c)
		if err != nil {
			return nil, err
		}
		if change == nil {
			continue
		}
		set := map[string]any{"updated_at": c.Now, "updated_by": c.UserID}
		maps.Copy(set, change.Set)
		one := followed{
			collection: f.Collection, id: id, event: f.Event, store: mongodb.DocumentsOf(c.engine.Documents, f.Collection),
			change: mongodb.Change{Set: set, Push: change.Push, Mark: mongodb.Mark{Job: fmt.Sprintf("%s/%d", jobID, i), At: c.Now}},
		}
		ours, err := one.make(ctx, f.From)
		if err != nil {
			return nil, err
		}
		if ours {
			made = append(made, one)
		}
	}
	return made, nil
}

// make changes the document, unless an earlier try of the job has done so. ours is false
// when the document is not there, or in another state.
func (f *followed) make(ctx context.Context, from []string) (ours bool, err error) {
	var conditions []mongodb.Condition
	if len(from) > 0 {
		conditions = append(conditions, oneOf("status", from))
	}
	_, err = f.store.Apply(ctx, f.id, conditions, f.change)
	if !errors.Is(err, fault.ErrStale) {
		return err == nil, err
	}
	stored, err := f.store.Get(ctx, f.id)
	if errors.Is(err, fault.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	first, ours := stored.MarkOf(f.change.Mark.Job)
	if ours {
		f.change.Mark = first
		f.change.Set["updated_at"] = first.At
	}
	return ours, nil
}

// tell writes the event and the audit row.
func (f *followed) tell(ctx context.Context, tx postgres.Tx, by *Caller) error {
	if f.event.Entity != "" {
		err := events.Write(ctx, tx, events.Event{
			ID: events.IDOfJob(f.change.Mark.Job), Type: events.StatusChange, EntityType: f.event.Entity, EntityID: f.id,
			Attribute: f.event.Attribute, NewValue: f.change.Set[f.event.Attribute], At: f.change.Mark.At, ChangedBy: by.UserID,
		})
		if err != nil {
			return err
		}
	}
	return audit.Write(ctx, tx, audit.Entry{
		Actor: by.UserID, Resource: f.collection, ResourceID: f.id, At: f.change.Mark.At, Changeset: f.change.Set,
	})
}
