package operation

import (
	"context"
	"errors"
	"slices"

	"esoz/internal/platform/fault"
	"esoz/internal/platform/httpapi"
	"esoz/internal/platform/validation"
)

// Create makes a new row from a body.
type Create[S State] struct {
	ID     string           // operationId
	Guard  []Check[*Caller] // before the schema of the body
	Body   []Check[S]       // of what the body means; they answer together with its schema
	Checks []Check[S]
	// Write stores the row, its audit row and its events in one transaction.
	Write func(ctx context.Context, s S) error
}

// Run makes the checks and writes.
func (o *Create[S]) Run(ctx context.Context, s S) error {
	if err := Run(ctx, o.Checks, s); err != nil {
		return err
	}
	return o.Write(ctx, s)
}

// Operation registers the creation. read makes the state that the checks of the
// body look at.
func (o *Create[S]) Operation(e *Engine, read Reader[S]) Operation {
	return Operation{
		ID: o.ID, Shape: "Create", Rules: slices.Concat(RulesOf(o.Guard), RulesOf(o.Body), RulesOf(o.Checks)),
		Guard: guard(e, o.Guard), Body: body(o.Body, read),
	}
}

// RowTransition changes a row.
type RowTransition[S State] struct {
	ID     string           // operationId
	Guard  []Check[*Caller] // before the schema of the body
	Body   []Check[S]       // of what the body means; they answer together with its schema
	Checks []Check[S]
	Moves  *Moves // nil: no status changes
	// Unchanged is asked when a check refuses: fault.ErrStale when the row is in another
	// state than the checks saw. It is for checks that look beyond the row, where another
	// transition of it leaves its effects; nil: there are none.
	Unchanged func(ctx context.Context, s S) error
	// Write changes the row, guarded by the state that the checks saw, with its
	// audit row and its events in one transaction: fault.ErrStale when the row is
	// in another state by now.
	Write func(ctx context.Context, s S) error
}

// Run makes the checks and writes. If the row changes in between, the checks run again.
func (o *RowTransition[S]) Run(ctx context.Context, s S) error {
	for {
		err := o.once(ctx, s)
		if !errors.Is(err, fault.ErrStale) {
			return err
		}
	}
}

func (o *RowTransition[S]) once(ctx context.Context, s S) error {
	err := Run(ctx, o.Checks, s)
	if err == nil {
		err = o.Write(ctx, s)
	}
	var refused *fault.Error
	if o.Unchanged != nil && errors.As(err, &refused) {
		if changed := o.Unchanged(ctx, s); changed != nil {
			return changed
		}
	}
	return err
}

// Operation registers the transition. read makes the state that the checks of the
// body look at; it is nil when there is no body.
func (o *RowTransition[S]) Operation(e *Engine, read Reader[S]) Operation {
	return Operation{
		ID: o.ID, Shape: "RowTransition", Rules: slices.Concat(RulesOf(o.Guard), RulesOf(o.Body), RulesOf(o.Checks)),
		Guard: guard(e, o.Guard), Body: body(o.Body, read),
		Moves: o.Moves,
	}
}

// Reader makes the state of an operation's checks of its body.
type Reader[S State] func(ctx context.Context, sent *validation.Checked) S

// body makes the checks that answer together with the schema of the body.
func body[S State](checks []Check[S], read Reader[S]) httpapi.BodyCheck {
	if len(checks) == 0 {
		return nil
	}
	return func(ctx context.Context, sent *validation.Checked) ([]*fault.Error, error) {
		return all(ctx, checks, read(ctx, sent))
	}
}

// guard makes the checks that stand before the schema of the body.
func guard(e *Engine, checks []Check[*Caller]) httpapi.Guard {
	if len(checks) == 0 {
		return nil
	}
	return func(ctx context.Context, _ func(name string) string) error {
		c := e.Caller(ctx)
		return Run(ctx, checks, &c)
	}
}
