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
	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
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
	Kind       string                   // of the document, as links of jobs name it: episode
	IDOf       func(b *B) uuid.UUID     // the id that the client has chosen
	Guard      []Check[*Call[A, D, B]]  // before the schema of the body, and again before Checks
	Checks     []Check[*Call[A, D, B]]  // one of them is IsNew
	New        func(c *Call[A, D, B]) D // the document, without its mark
}

// Start makes the checks and leaves the document to a job.
func (o *Addition[A, D, B]) Start(ctx context.Context, e *Engine, asked A, path Path, body B) (api.JobResponse, error) {
	c := o.call(e, asked, body)
	c.Caller, c.path = e.Caller(ctx), path
	var refused error
	if !checksInJob(o.ID, c.Config) {
		refused = Run(ctx, o.checks(), c)
	}
	return e.Start(ctx, o.ID, unmade(c), refused)
}

func (o *Addition[A, D, B]) call(e *Engine, asked A, body B) *Call[A, D, B] {
	c := newCall[A, D, B](e, asked, o.Kind, o.Collection)
	c.Body, c.ID = body, o.IDOf(&body)
	return c
}

// checks are all of them, in their order.
func (o *Addition[A, D, B]) checks() []Check[*Call[A, D, B]] { return slices.Concat(o.Guard, o.Checks) }

// IsNew passes when no document has the id.
func IsNew[A, D, B any](ctx context.Context, c *Call[A, D, B]) error {
	_, err := c.store.Get(ctx, c.ID)
	if errors.Is(err, fault.ErrNotFound) {
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
	c := o.call(e, asked, p.Body)
	c.Caller = Caller{Subject: p.Unchecked.By, Config: e.Config.Get(), Now: e.Clock.Now().Truncate(time.Millisecond)}
	c.path = p.Unchecked.Path
	c.knowPatient()

	mark, err := o.add(ctx, c, jobID)
	if err != nil {
		return nil, err
	}
	return &jobs.Outcome{
		Links: []jobs.Link{{Entity: o.Kind, Href: fmt.Sprintf("/api/patients/%s/%s/%s", c.Patient.ID, o.Collection, c.ID)}},
		Commit: func(ctx context.Context, tx postgres.Tx) error {
			return audit.Write(ctx, tx, audit.Entry{Actor: c.UserID, Resource: o.Collection, ResourceID: c.ID, At: mark.At, Changeset: c.Body})
		},
		Forget: func(ctx context.Context) error { return c.store.Forget(ctx, c.ID, mark) },
	}, nil
}

// add inserts the document, unless an earlier try of the job has done so.
func (o *Addition[A, D, B]) add(ctx context.Context, c *Call[A, D, B], jobID string) (mongodb.Mark, error) {
	stored, err := c.store.Get(ctx, c.ID)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return mongodb.Mark{}, err
	}
	if first, ours := stored.MarkOf(jobID); err == nil && ours {
		return first, nil
	}
	if err := Run(ctx, o.checks(), c); err != nil {
		return mongodb.Mark{}, err
	}
	mark := mongodb.Mark{Job: jobID, At: c.Now}
	// fault.ErrStale: another job was faster. The next try finds its document, and the
	// check IsNew refuses.
	return mark, c.store.Insert(ctx, o.New(c), mark)
}

// Operation registers the addition.
func (o *Addition[A, D, B]) Operation(e *Engine, asked A) Operation {
	return Operation{
		ID: o.ID, Rules: RulesOf(o.checks()),
		Guard: pathGuard(e, o.Guard, func() *Call[A, D, B] { return newCall[A, D, B](e, asked, o.Kind, o.Collection) }),
		Handler: func(ctx context.Context, jobID string, raw json.RawMessage) (*jobs.Outcome, error) {
			return o.carryOut(ctx, e, asked, jobID, raw)
		},
	}
}
