package operation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/internal/platform/auth"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
)

// Expiry changes the state of documents of medical events whose time is over. A schedule
// looks for them and leaves each to a job of its own. Servers that look at the same time
// start one job, and the job changes its document as that of a Transition does: guarded by
// what makes it due, marked, with one event.
type Expiry[A, D any] struct {
	ID         string // of the schedule and of its jobs
	Collection string
	Kind       string // of the document, as links of jobs name it
	// Due is what a document holds whose time is over.
	Due func(c Caller) []mongodb.Condition
	// Kept, when set, tells what else keeps a document as it is.
	Kept   func(ctx context.Context, c *Call[A, D, NoBody]) (bool, error)
	Change func(c *Call[A, D, NoBody]) Change
	Event  Event
	// Follows are the changes of further documents.
	Follows []Following[A, D, NoBody]
}

// Schedule is an expiry that a server runs.
type Schedule struct {
	ID      string
	Run     func(ctx context.Context) error
	Handler jobs.Handler
}

// Schedule registers the expiry.
func (x *Expiry[A, D]) Schedule(e *Engine, asked A) Schedule {
	return Schedule{
		ID:  x.ID,
		Run: func(ctx context.Context) error { return x.run(ctx, e, asked) },
		Handler: func(ctx context.Context, jobID string, raw json.RawMessage) (*jobs.Outcome, error) {
			return x.carryOut(ctx, e, asked, jobID, raw)
		},
	}
}

// run starts a job for each document that is due. One that has a job already gets no second.
func (x *Expiry[A, D]) run(ctx context.Context, e *Engine, asked A) error {
	c := x.call(e, asked)
	//nolint:wrapcheck // says what failed
	return c.store.Each(ctx, x.Due(c.Caller), func(stored mongodb.Document) error {
		one := x.call(e, asked)
		if err := one.hold(stored); err != nil {
			return err
		}
		if kept, err := x.kept(ctx, one); err != nil || kept {
			return err
		}
		_, err := e.Queue.Start(ctx, x.ID, params[NoBody]{ID: one.ID})
		return err
	})
}

func (x *Expiry[A, D]) kept(ctx context.Context, c *Call[A, D, NoBody]) (bool, error) {
	if x.Kept == nil {
		return false, nil
	}
	return x.Kept(ctx, c)
}

// call is one by the system.
func (x *Expiry[A, D]) call(e *Engine, asked A) *Call[A, D, NoBody] {
	c := newCall[A, D, NoBody](e, asked, x.Kind, x.Collection)
	cfg := e.Config.Get()
	c.Caller = Caller{Subject: auth.Subject{UserID: cfg.SystemUser}, Config: cfg, Now: e.Clock.Now().Truncate(time.Millisecond)}
	return c
}

// hold has the call be of a document that was found.
func (c *Call[A, D, B]) hold(stored mongodb.Document) error {
	var found struct {
		ID uuid.UUID `bson:"_id"`
	}
	if err := errors.Join(stored.Decode(&found), stored.Decode(&c.Document)); err != nil {
		return err
	}
	c.ID, c.stored = found.ID, stored
	return nil
}

// carryOut is the jobs.Handler of the expiry.
func (x *Expiry[A, D]) carryOut(ctx context.Context, e *Engine, asked A, jobID string, raw json.RawMessage) (*jobs.Outcome, error) {
	var p params[NoBody]
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("decode params: %w", err)
	}
	c := x.call(e, asked)
	stored, err := c.store.Get(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	if err := c.hold(stored); err != nil {
		return nil, err
	}
	patient, err := e.openPatient(x.Kind, c.ID, stored)
	if err != nil {
		return nil, err
	}
	outcome := &jobs.Outcome{Links: []jobs.Link{{Entity: x.Kind, Href: fmt.Sprintf("/api/patients/%s/%s/%s", patient, x.Collection, c.ID)}}}

	t := Transition[A, D, NoBody]{ID: x.ID, Kind: x.Kind, Collection: x.Collection, Change: x.Change, Event: x.Event, Follows: x.Follows}
	first, ours := stored.MarkOf(jobID)
	if ours { // it carries on after a crash
		c.Now = first.At
	}
	change := t.change(c, jobID)
	if !ours {
		due := x.Due(c.Caller)
		if slices.ContainsFunc(due, func(condition mongodb.Condition) bool { return !stored.Meets(condition) }) {
			return outcome, nil // somebody was faster
		}
		if kept, err := x.kept(ctx, c); err != nil || kept {
			return outcome, err
		}
		// fault.ErrStale: somebody has changed it since. The job looks again.
		if _, err := c.store.Apply(ctx, c.ID, due, change); err != nil {
			return nil, err
		}
	}
	made, err := t.follow(ctx, c, jobID)
	if err != nil {
		return nil, err
	}
	outcome.Commit = func(ctx context.Context, tx postgres.Tx) error { return t.commit(ctx, tx, c, jobID, change, made) }
	outcome.Forget = func(ctx context.Context) error { return t.forget(ctx, c, change.Mark, made) }
	return outcome, nil
}
