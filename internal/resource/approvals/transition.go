package approvals

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/audit"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/events"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
)

// transition is what Verify and Cancel do to an approval. The request makes the
// checks; the job changes the document under the conditions, and then commits the
// event, the audit row and its own end in one transaction.
type transition struct {
	id         string // operationId
	before     []operation.Check[*call]
	conditions []condition
	after      []operation.Check[*call]
	moves      operation.Moves
	told       string // what events say of status
	set        func(now time.Time) map[string]any
	// others, when set, adds and changes other approvals, and returns them. When the job is
	// tried again, it does nothing twice and returns the same ones.
	others func(ctx context.Context, c *call, d *Document, jobID string) ([]change, error)
	// respond is what the finished job shows.
	respond func(c *call, d *Document) (any, error)
	// commit, when set, writes what else commits with the event.
	commit func(ctx context.Context, tx postgres.Tx, c *call, d *Document) error
}

// change is an approval that a transition has changed or added, with the event and the
// audit row that the job writes for it.
type change struct {
	id uuid.UUID
	operation.Told
}

// condition is what a field of an approval must hold: it refuses, and it guards the
// write.
type condition struct {
	rule     rules.ID
	field    string
	operator mongodb.Operator
	value    any // nil: now
}

func (o condition) at(now time.Time) mongodb.Condition {
	if o.value == nil {
		return mongodb.Condition{Field: o.field, Operator: o.operator, Values: []any{now}}
	}
	return mongodb.Condition{Field: o.field, Operator: o.operator, Values: []any{o.value}}
}

func (o condition) check() operation.Check[*call] {
	return operation.Check[*call]{
		Rule: o.rule,
		Pass: func(_ context.Context, c *call) error {
			wanted := o.at(c.Now)
			return operation.Expect(c.stored.Meets(wanted), o.field, fmt.Sprintf("%s %v", o.operator, wanted.Values[0]), c.stored.Shown(o.field))
		},
		Seen: func(c *call) mongodb.Condition { return o.at(c.Now) },
	}
}

// checks are all checks of the operation in their order.
func (t *transition) checks() []operation.Check[*call] {
	all := slices.Clone(t.before)
	for _, o := range t.conditions {
		all = append(all, o.check())
	}
	return append(all, t.after...)
}

// operation registers the transition.
func (t *transition) operation(a *API) operation.Operation {
	return operation.Operation{
		ID: t.id, Rules: operation.RulesOf(t.checks()), Moves: &t.moves,
		Handler: func(ctx context.Context, jobID string, raw json.RawMessage) (*jobs.Outcome, error) {
			return t.carryOut(ctx, a, jobID, raw)
		},
	}
}

// transitionParams identify a request.
type transitionParams struct {
	resendParams
	// Request tells requests of one caller apart, where of equal ones one wins.
	Request      *uuid.UUID `json:"request,omitempty"`
	Verification *uuid.UUID `json:"verification,omitempty"`
}

// carryOut is the jobs.Handler of the operation.
func (t *transition) carryOut(ctx context.Context, a *API, jobID string, raw json.RawMessage) (*jobs.Outcome, error) {
	var p transitionParams
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("decode params: %w", err)
	}
	c := a.call(ctx, operation.Path{Patient: p.PatientID.String(), ID: p.ID.String()})
	c.UserID, c.ClientID, c.verification, c.Now = p.UserID, p.ClientID, p.Verification, c.Now.Truncate(time.Millisecond)

	set := func() map[string]any {
		fields := t.set(c.Now)
		fields["updated_at"], fields["updated_by"] = c.Now, c.UserID
		return fields
	}
	mark := mongodb.Mark{Job: jobID, At: c.Now}
	documents := mongodb.DocumentsOf(a.Engine.Documents, Collection)
	stored, err := documents.Apply(ctx, p.ID, operation.Seen(t.checks(), c), mongodb.Change{Set: set(), Mark: mark})
	if errors.Is(err, fault.ErrStale) {
		if stored, mark, err = t.changedBefore(ctx, c, jobID); err == nil {
			c.Now = mark.At // a job that carries on after a crash tells of the moment of its change
		}
	}
	if err != nil {
		return nil, err
	}
	d := new(Document)
	if err := stored.Decode(d); err != nil {
		return nil, err
	}
	var others []change
	if t.others != nil {
		if others, err = t.others(ctx, c, d, jobID); err != nil {
			return nil, err
		}
	}
	shown, err := t.respond(c, d)
	if err != nil {
		return nil, err
	}
	return &jobs.Outcome{
		ResponseData: shown,
		Commit: func(ctx context.Context, tx postgres.Tx) error {
			own := change{d.ID, operation.Told{Entity: "Approval", Status: t.told, Changeset: set()}}
			if err := own.tell(ctx, tx, c, events.IDOfJob(jobID)); err != nil {
				return err
			}
			for _, other := range others {
				if err := other.tell(ctx, tx, c, events.IDOfJob(jobID+" "+other.id.String())); err != nil {
					return err
				}
			}
			if t.commit == nil {
				return nil
			}
			return t.commit(ctx, tx, c, d)
		},
		Forget: func(ctx context.Context) error { return documents.Forget(ctx, p.ID, mark) },
	}, nil
}

// changedBefore returns the approval when an earlier try of the job has changed it,
// and refuses when another request was faster.
func (t *transition) changedBefore(ctx context.Context, c *call, jobID string) (mongodb.Document, mongodb.Mark, error) {
	refused := operation.Run(ctx, t.checks()[:len(t.before)+len(t.conditions)], c)
	if c.stored != nil {
		if mark, ours := c.stored.MarkOf(jobID); ours {
			return c.stored, mark, nil
		}
	}
	if refused != nil {
		return nil, mongodb.Mark{}, refused
	}
	return nil, mongodb.Mark{}, fault.ErrStale // it may be changed again already: the job tries once more
}

// tell writes the event and the audit row.
func (o change) tell(ctx context.Context, tx postgres.Tx, c *call, event uuid.UUID) error {
	err := events.Write(ctx, tx, events.Event{
		ID: event, Type: events.StatusChange, EntityType: o.Entity, EntityID: o.id,
		Attribute: "status", NewValue: o.Status, At: c.Now, ChangedBy: c.UserID,
	})
	if err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{Actor: c.UserID, Resource: Collection, ResourceID: o.id, At: c.Now, Changeset: o.Changeset})
}

// approvalIsStored passes when the approval exists, whoever's it is. A malformed id
// is not found (decisions R12).
func approvalIsStored(ctx context.Context, c *call) (err error) {
	id, ok := envelope.ParseID(c.path.ID)
	if !ok {
		return fault.ErrNotFound
	}
	if c.stored, err = mongodb.DocumentsOf(c.Engine.Documents, Collection).Get(ctx, id); err != nil {
		return err
	}
	c.approval = new(Document)
	return c.stored.Decode(c.approval)
}

// isOfPatient passes approvals that the patient of the path has given.
func isOfPatient(_ context.Context, c *call) error {
	return operation.Expect(slices.Contains(c.patient.Hidden, c.approval.PatientID), "patient of the approval", "the patient of the path", "another patient")
}

// patientIsActive passes when the patient is active.
func patientIsActive(_ context.Context, c *call) error {
	return operation.Expect(c.patient.Active, "status of the patient", "active", "not active")
}
