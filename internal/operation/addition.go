package operation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/internal/platform/audit"
	"esoz/internal/platform/events"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/signature"
)

// Addition adds a document of a patient in a job. The request makes every check, so that
// the caller gets the documented status. The job makes them again, because what the body
// refers to may have changed, and what they look up is stored with the document. It
// inserts the document with its mark, then commits the audit row and its own end in one
// transaction of PostgreSQL.
//
// A is what the checks ask (the resource's API), D the document, B the body.
type Addition[A, D, B any] struct {
	ID         string // operationId
	Collection string
	Kind       string                  // of the document, as links of jobs name it: episode
	IDOf       func(b *B) uuid.UUID    // the id that the client has chosen; nil and not Signed: every request gets one of its own
	Guard      []Check[*Call[A, D, B]] // before the schema of the body, and again before Checks
	Checks     []Check[*Call[A, D, B]] // one of them is IsNew, unless every request gets an id of its own
	// Signed returns the field of the body with signed content, for operations that take some.
	// The content has the id, which ContentIs reads.
	Signed func(b *B) string
	New    func(c *Call[A, D, B]) D // the document, without its mark
	// Prepare, when set, looks up what New needs, once the checks have passed.
	Prepare func(ctx context.Context, c *Call[A, D, B]) error

	// Claim, when set, takes from another document what this one uses up, before it is stored.
	// Until the job ends, every try of it finds what it has claimed.
	Claim func(ctx context.Context, c *Call[A, D, B]) error

	// Told, when set, makes the event, unless it names no entity, and the audit row of the document.
	Told func(d *D) Told
	// Respond, when set, is what the finished job shows; otherwise it shows a link to the document.
	Respond func(c *Call[A, D, B], d *D) (any, error)
	// Stored, when set, looks up what Commit needs, once the document is stored.
	Stored func(ctx context.Context, c *Call[A, D, B], d *D) error
	// Commit, when set, writes what else commits with the audit row. When it refuses, the document is taken away.
	Commit func(ctx context.Context, tx postgres.Tx, c *Call[A, D, B], d *D) error

	Points
}

// Told is what an event and an audit row tell of a new document.
type Told struct {
	Entity    string // as the catalogue of events names it: Approval
	Status    string // the status that it begins with, as events name it
	Changeset map[string]any
}

// Start makes the checks and leaves the document to a job.
func (o *Addition[A, D, B]) Start(ctx context.Context, e *Engine, asked A, path Path, body B) (api.JobResponse, error) {
	c := o.call(e, asked, uuid.New(), body)
	c.Caller, c.path = e.Caller(ctx), path
	o.readSigned(c)
	var refused error
	if !checksInJob(o.ID, c.Config) {
		refused = o.judge(ctx, c)
	}
	p := unmade(ctx, c)
	if o.anew() {
		p.ID = c.ID // which tells two requests of one content apart
	}
	return e.Start(ctx, o.ID, p, refused)
}

// call is one call of the operation. The document gets the id, unless the client has
// chosen one.
func (o *Addition[A, D, B]) call(e *Engine, asked A, id uuid.UUID, body B) *Call[A, D, B] {
	c := newCall[A, D, B](e, asked, o.Kind, o.Collection)
	c.Body, c.ID = body, id
	if o.IDOf != nil {
		c.ID = o.IDOf(&body)
	}
	return c
}

// anew tells whether every request gets an id of its own.
func (o *Addition[A, D, B]) anew() bool { return o.IDOf == nil && o.Signed == nil }

// readSigned fills Sent.
func (o *Addition[A, D, B]) readSigned(c *Call[A, D, B]) {
	if o.Signed != nil {
		c.Sent = o.Signed(&c.Body)
	}
}

// checks are all of them, in their order.
func (o *Addition[A, D, B]) checks() []Check[*Call[A, D, B]] { return slices.Concat(o.Guard, o.Checks) }

// judge makes the checks. Another call may store the document meanwhile. What later checks
// refuse may then be its doing, and IsNew, which comes before them, is what refuses.
func (o *Addition[A, D, B]) judge(ctx context.Context, c *Call[A, D, B]) error {
	err := Run(ctx, o.checks(), c)
	if refusal := new(fault.Error); !c.isNew || !errors.As(err, &refusal) {
		return err
	}
	if _, missing := c.store.Get(ctx, c.ID); missing != nil {
		return err
	}
	return Run(ctx, o.checks(), c)
}

// IsNew passes when no document has the id.
func IsNew[A, D, B any](ctx context.Context, c *Call[A, D, B]) error {
	_, err := c.store.Get(ctx, c.ID)
	if errors.Is(err, fault.ErrNotFound) {
		c.isNew = true
		return nil
	}
	if err != nil {
		return err
	}
	return Expect(false, "id", "an id that no "+c.kind+" has", "the id of a stored one")
}

// carryOut is the jobs.Handler of the operation.
func (o *Addition[A, D, B]) carryOut(ctx context.Context, e *Engine, asked A, jobID string, raw json.RawMessage) (*jobs.Outcome, error) {
	var p params[B]
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("decode params: %w", err)
	}
	c := o.call(e, asked, p.ID, p.Body)
	c.Caller = Caller{Subject: p.Unchecked.By, Config: e.Config.Get(), Now: e.Clock.Now().Truncate(time.Millisecond)}
	c.path, c.job = p.Unchecked.Path, jobID
	c.knowPatient()
	if o.readSigned(c); o.Signed != nil {
		ctx = signature.WithClaims(ctx, p.Unchecked.Claims)
		c.readID(ctx) // a job that carries on after a crash looks for its document first
	}

	d, mark, err := o.add(ctx, c, jobID)
	if err != nil {
		return nil, err
	}
	if o.Stored != nil {
		if err := o.Stored(ctx, c, d); err != nil {
			return nil, err
		}
	}
	outcome := &jobs.Outcome{
		Commit: func(ctx context.Context, tx postgres.Tx) error {
			err := o.commit(ctx, tx, c, d, mark)
			if refusal := new(fault.Error); errors.As(err, &refusal) {
				if removed := c.store.Remove(ctx, c.ID, mark); removed != nil {
					return removed // the job is tried again
				}
			}
			return err
		},
		Forget: func(ctx context.Context) error { return c.store.Forget(ctx, c.ID, mark) },
	}
	if err := o.at(jobID, "commit"); err != nil {
		return nil, err
	}
	if o.Respond == nil {
		outcome.Links = []jobs.Link{{Entity: o.Kind, Href: fmt.Sprintf("/api/patients/%s/%s/%s", c.Patient.ID, o.Collection, c.ID)}}
		return outcome, nil
	}
	outcome.ResponseData, err = o.Respond(c, d)
	return outcome, err
}

// add inserts the document, unless an earlier try of the job has done so.
func (o *Addition[A, D, B]) add(ctx context.Context, c *Call[A, D, B], jobID string) (*D, mongodb.Mark, error) {
	d := new(D)
	stored, err := c.store.Get(ctx, c.ID)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return nil, mongodb.Mark{}, err
	}
	if first, ours := stored.MarkOf(jobID); err == nil && ours {
		return d, first, stored.Decode(d)
	}
	if err := o.judge(ctx, c); err != nil {
		return nil, mongodb.Mark{}, err
	}
	if o.Prepare != nil {
		if err := o.Prepare(ctx, c); err != nil {
			return nil, mongodb.Mark{}, err
		}
	}
	if o.Claim != nil {
		if err := o.at(jobID, "claim"); err != nil {
			return nil, mongodb.Mark{}, err
		}
		if err := o.Claim(ctx, c); err != nil {
			return nil, mongodb.Mark{}, err
		}
	}
	*d = o.New(c)
	mark := mongodb.Mark{Job: jobID, At: c.Now}
	if err := o.at(jobID, "store "+o.Collection); err != nil {
		return nil, mark, err
	}
	// fault.ErrStale: another job was faster. The next try finds its document, and the
	// check IsNew refuses.
	return d, mark, c.store.Insert(ctx, *d, mark)
}

// commit writes the event, the audit row and what else belongs to the document.
func (o *Addition[A, D, B]) commit(ctx context.Context, tx postgres.Tx, c *Call[A, D, B], d *D, mark mongodb.Mark) error {
	row := audit.Entry{Actor: c.UserID, Resource: o.Collection, ResourceID: c.ID, At: mark.At, Changeset: c.Body}
	if o.Told != nil {
		told := o.Told(d)
		row.Changeset = told.Changeset
		var err error
		if told.Entity != "" {
			err = events.Write(ctx, tx, events.Event{
				ID: events.IDOfJob(mark.Job), Type: events.StatusChange, EntityType: told.Entity, EntityID: c.ID,
				Attribute: "status", NewValue: told.Status, At: mark.At, ChangedBy: c.UserID,
			})
		}
		if err != nil {
			return err
		}
	}
	if err := audit.Write(ctx, tx, row); err != nil || o.Commit == nil {
		return err
	}
	return o.Commit(ctx, tx, c, d)
}

// Operation registers the addition.
func (o *Addition[A, D, B]) Operation(e *Engine, asked A) Operation {
	return Operation{
		ID: o.ID, Shape: "Addition", Rules: RulesOf(o.checks()), Anew: o.anew(), Points: &o.Points,
		Guard: pathGuard(e, o.Guard, func() *Call[A, D, B] { return newCall[A, D, B](e, asked, o.Kind, o.Collection) }),
		Handler: func(ctx context.Context, jobID string, raw json.RawMessage) (*jobs.Outcome, error) {
			return o.carryOut(ctx, e, asked, jobID, raw)
		},
	}
}
