package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Unit is one transaction of all InTx and Once calls in its context. The first
// call begins it, so that earlier reads hold no connection, and Commit ends it.
// InTx returning nil does not mean committed: an operation that may run in a unit
// must not do after InTx what requires the commit.
//
// A context carries the unit, because that is all that generated handlers pass
// from httpapi to an operation. So a request with an idempotency key commits its
// writes together with its answer, and operations do not know of keys.
type Unit struct {
	pool *pgxpool.Pool
	tx   pgx.Tx // nil until the first write
	lost error  // the error that has undone the unit's writes
}

type unitKey struct{}

// WithUnit returns a context with a unit. The caller must call Rollback in any
// case; after Commit it does nothing.
func WithUnit(ctx context.Context, pool *pgxpool.Pool) (context.Context, *Unit) {
	u := &Unit{pool: pool}
	return context.WithValue(ctx, unitKey{}, u), u
}

// InUnit tells whether what InTx writes is committed later, with the unit of ctx.
func InUnit(ctx context.Context) bool {
	_, in := ctx.Value(unitKey{}).(*Unit)
	return in
}

// Commit runs last in the unit's transaction and commits. When COMMIT was sent and
// its answer is lost, the error is fault.ErrUnconfirmed; after every other error
// nothing was written.
func (u *Unit) Commit(ctx context.Context, last func(tx Tx) error) error {
	if err := u.run(ctx, last); err != nil {
		return Error(err)
	}
	return Error(commit(ctx, u.tx))
}

// Rollback rolls back unless Commit has committed.
func (u *Unit) Rollback(ctx context.Context) error {
	if u.tx == nil {
		return nil
	}
	return Error(rollback(ctx, u.tx))
}

// run runs fn in the unit's transaction. The first fn is retried like that of any
// transaction. If a later one fails, the whole unit fails.
func (u *Unit) run(ctx context.Context, fn func(tx pgx.Tx) error) error {
	if u.tx == nil {
		return again(func() error { return u.begin(ctx, fn) })
	}
	if u.lost == nil {
		u.lost = fn(u.tx)
	}
	return u.lost
}

func (u *Unit) begin(ctx context.Context, fn func(tx pgx.Tx) error) (err error) {
	if u.tx, err = u.pool.Begin(ctx); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	if err = fn(u.tx); err != nil {
		err = errors.Join(err, rollback(ctx, u.tx))
		u.tx = nil
	}
	return err
}

// Conn is a connection or a transaction.
type Conn interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Once runs fn, which writes with one statement and so needs no transaction. If
// ctx has a Unit, fn runs in its transaction. When the statement was sent and its
// answer is lost, the error is fault.ErrUnconfirmed.
func Once(ctx context.Context, pool *pgxpool.Pool, fn func(on Conn) error) error {
	if ctx.Value(unitKey{}) != nil {
		return InTx(ctx, pool, func(tx pgx.Tx) error { return fn(tx) })
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return Error(fmt.Errorf("take a connection: %w", err)) // nothing was sent
	}
	defer conn.Release()
	return Error(confirm(conn.Conn(), func() error { return fn(conn) }))
}
