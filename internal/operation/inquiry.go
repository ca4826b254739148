package operation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"esoz/gen/api"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/postgres"
)

// Inquiry judges a document of medical events and leaves it as it is.
type Inquiry[A, D, B any] struct {
	ID         string // operationId
	Collection string
	Kind       string                  // of the document, as links of jobs name it
	Guard      []Check[*Call[A, D, B]] // before the schema of the body, and again before Checks
	Checks     []Check[*Call[A, D, B]]
	// Commit, when set, is what a job does after it has made the checks again: it sends an
	// SMS, say. It commits with the end of the job.
	Commit func(ctx context.Context, tx postgres.Tx, c *Call[A, D, B]) error
}

// Ask makes the checks and returns what they have found.
func (q *Inquiry[A, D, B]) Ask(ctx context.Context, e *Engine, asked A, path Path, body B) (*Call[A, D, B], error) {
	c := q.call(ctx, e, asked, path, body)
	return c, Run(ctx, q.checks(), c)
}

// Start makes the checks and leaves Commit to a job.
func (q *Inquiry[A, D, B]) Start(ctx context.Context, e *Engine, asked A, path Path, body B) (api.JobResponse, error) {
	c := q.call(ctx, e, asked, path, body)
	var refused error
	if !checksInJob(q.ID, c.Config) {
		refused = Run(ctx, q.checks(), c)
	}
	return e.Start(ctx, q.ID, unmade(ctx, c), refused)
}

func (q *Inquiry[A, D, B]) call(ctx context.Context, e *Engine, asked A, path Path, body B) *Call[A, D, B] {
	c := newCall[A, D, B](e, asked, q.Kind, q.Collection)
	c.Caller, c.path, c.Body = e.Caller(ctx), path, body
	return c
}

// checks are all of them, in their order.
func (q *Inquiry[A, D, B]) checks() []Check[*Call[A, D, B]] { return slices.Concat(q.Guard, q.Checks) }

// carryOut is the jobs.Handler of an operation with Commit.
func (q *Inquiry[A, D, B]) carryOut(ctx context.Context, e *Engine, asked A, raw json.RawMessage) (*jobs.Outcome, error) {
	var p params[B]
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("decode params: %w", err)
	}
	c := q.call(ctx, e, asked, p.Unchecked.Path, p.Body)
	c.Subject = p.Unchecked.By
	if err := Run(ctx, q.checks(), c); err != nil {
		return nil, err
	}
	patient, err := e.openPatient(q.Kind, c.ID, c.stored)
	if err != nil {
		return nil, err
	}
	return &jobs.Outcome{
		Links:  []jobs.Link{{Entity: q.Kind, Href: fmt.Sprintf("/api/patients/%s/%s/%s", patient, q.Collection, c.ID)}},
		Commit: func(ctx context.Context, tx postgres.Tx) error { return q.Commit(ctx, tx, c) },
	}, nil
}

// Operation registers the inquiry.
func (q *Inquiry[A, D, B]) Operation(e *Engine, asked A) Operation {
	registered := Operation{
		ID: q.ID, Shape: "Inquiry", Rules: RulesOf(q.checks()), Still: true,
		Guard: pathGuard(e, q.Guard, func() *Call[A, D, B] { return newCall[A, D, B](e, asked, q.Kind, q.Collection) }),
	}
	if q.Commit != nil {
		registered.Handler = func(ctx context.Context, _ string, raw json.RawMessage) (*jobs.Outcome, error) {
			return q.carryOut(ctx, e, asked, raw)
		}
	}
	return registered
}
