package operation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"esoz/internal/platform/audit"
	"esoz/internal/platform/events"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
)

// Following is what a transition brings about in further documents. The job changes them
// once its own document has changed, with marks, so that a job that carries on after a crash
// finds what it has done.
type Following[A, D, B any] struct {
	Collection string
	From       []string // statuses that a document is in; empty: any, or as the steps say
	Event      Event    // as of a Transition; with From, each change of the operation may bring it about
	Steps      func(ctx context.Context, c *Call[A, D, B]) ([]Step, error)
}

// Step is the change of one further document.
type Step struct {
	ID     uuid.UUID
	Change Change
	While  []mongodb.Condition // what it must hold, beside a status of From; otherwise it stays as it is
	Again  bool                // when it does not hold them, the job starts again instead
	Told   string              // the new value as the event tells it; empty: as it is stored
}

// followed is a following that the job has made.
type followed struct {
	collection string
	id         uuid.UUID
	event      Event
	told       any
	change     mongodb.Change
	store      mongodb.Documents
}

// follow makes the changes of further documents.
func (t *Transition[A, D, B]) follow(ctx context.Context, c *Call[A, D, B], jobID string) (made []followed, err error) {
	for i, f := range t.Follows {
		steps, err := f.Steps(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, step := range steps {
			set := map[string]any{"updated_at": c.Now, "updated_by": c.UserID}
			maps.Copy(set, step.Change.Set)
			one := followed{
				collection: f.Collection, id: step.ID, event: f.Event, told: set[f.Event.Attribute], store: mongodb.DocumentsOf(c.engine.Documents, f.Collection),
				change: mongodb.Change{Set: set, Push: step.Change.Push, Mark: mongodb.Mark{Job: fmt.Sprintf("%s/%d", jobID, i), At: c.Now}},
			}
			if step.Told != "" {
				one.told = step.Told
			}
			while := step.While
			if len(f.From) > 0 {
				while = append(slices.Clone(while), oneOf("status", f.From))
			}
			if err := t.at(jobID, "change "+f.Collection); err != nil {
				return nil, err
			}
			ours, err := one.make(ctx, while)
			switch {
			case err != nil:
				return nil, err
			case ours:
				made = append(made, one)
			case step.Again:
				return nil, fault.ErrStale
			}
		}
	}
	return made, nil
}

// make changes the document, unless an earlier try of the job has done so. ours is false
// when the document is not there, or does not hold what it must.
func (f *followed) make(ctx context.Context, while []mongodb.Condition) (ours bool, err error) {
	_, err = f.store.Apply(ctx, f.id, while, f.change)
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
			ID: events.IDOfJob(f.change.Mark.Job + " " + f.id.String()), Type: events.StatusChange, EntityType: f.event.Entity, EntityID: f.id,
			Attribute: f.event.Attribute, NewValue: f.told, At: f.change.Mark.At, ChangedBy: by.UserID,
		})
		if err != nil {
			return err
		}
	}
	return audit.Write(ctx, tx, audit.Entry{
		Actor: by.UserID, Resource: f.collection, ResourceID: f.id, At: f.change.Mark.At, Changeset: f.change.Set,
	})
}
