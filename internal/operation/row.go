package operation

import (
	"context"
	"errors"

	"esoz/internal/platform/fault"
)

// Create makes a new row from a body.
type Create[S State] struct {
	ID     string           // operationId
	Guard  []Check[*Caller] // before the schema of the body
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

// Operation registers the creation.
func (o *Create[S]) Operation(e *Engine) Operation {
	return Operation{ID: o.ID, Rules: append(RulesOf(o.Guard), RulesOf(o.Checks)...), Guard: guard(e, o.Guard)}
}

// RowTransition changes a row.
type RowTransition[S State] struct {
	ID     string           // operationId
	Guard  []Check[*Caller] // before the schema of the body
	Checks []Check[S]
	Moves  *Moves // nil: no status changes
	// Write changes the row, guarded by the state that the checks saw, with its
	// audit row and its events in one transaction: fault.ErrStale when the row is
	// in another state by now.
	Write func(ctx context.Context, s S) error
}

// Run makes the checks and writes. If the row changes in between, the checks
// run again.
func (o *RowTransition[S]) Run(ctx context.Context, s S) error {
	for {
		if err := Run(ctx, o.Checks, s); err != nil {
			return err
		}
		if err := o.Write(ctx, s); !errors.Is(err, fault.ErrStale) {
			return err
		}
	}
}

// Operation registers the transition.
func (o *RowTransition[S]) Operation(e *Engine) Operation {
	return Operation{ID: o.ID, Rules: append(RulesOf(o.Guard), RulesOf(o.Checks)...), Guard: guard(e, o.Guard), Moves: o.Moves}
}

// guard makes the checks that stand before the schema of the body.
func guard(e *Engine, checks []Check[*Caller]) func(ctx context.Context) error {
	if len(checks) == 0 {
		return nil
	}
	return func(ctx context.Context) error {
		c := e.Caller(ctx)
		return Run(ctx, checks, &c)
	}
}
