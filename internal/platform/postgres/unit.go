package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Unit is one transaction of everything that is written in its context, by InTx
// and Once. The first write begins it, so that what is read before holds no
// connection; Commit ends it, with what has to stand or fall with those writes.
// Until then they are not there for anybody else: what is to happen after a
// commit must not follow on InTx in an operation that may run in a unit.
type Unit struct {
	pool *pgxpool.Pool
	tx   pgx.Tx // nil until the first write
	lost error  // why what was written is gone
}

type unitKey struct{}

// WithUnit begins a unit. Its maker calls Commit, and Rollback whatever happens.
func WithUnit(ctx context.Context, pool *pgxpool.Pool) (context.Context, *Unit) {
	u := &Unit{pool: pool}
	return context.WithValue(ctx, unitKey{}, u), u
}

// Commit writes last and commits it with all that the unit holds. Only a
// connection that breaks while committing leaves open what became of it
// (fault.ErrUnconfirmed).
func (u *Unit) Commit(ctx context.Context, last func(tx Tx) error) error {
	if err := u.run(ctx, last); err != nil {
		return Error(err)
	}
	return Error(commit(ctx, u.tx))
}

// Rollback undoes what is not committed.
func (u *Unit) Rollback(ctx context.Context) error {
	if u.tx == nil {
		return nil
	}
	return Error(rollback(ctx, u.tx))
}

// run lets fn write in the unit's transaction. A first write can be tried again
// like any transaction; one that fails later takes the earlier ones with it.
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

// Conn sends statements: a connection, or a transaction.
type Conn interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Once runs fn, which writes by one statement and so needs no transaction, and
// in a Unit joins it. When the statement was sent and its answer is lost, the
// error is fault.ErrUnconfirmed, as of a COMMIT.
func Once(ctx context.Context, pool *pgxpool.Pool, fn func(on Conn) error) error {
	if ctx.Value(unitKey{}) != nil {
		return InTx(ctx, pool, func(tx pgx.Tx) error { return fn(tx) })
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return Error(fmt.Errorf("take a connection: %w", err)) // nothing has left
	}
	defer conn.Release()
	return Error(confirm(conn.Conn(), func() error { return fn(conn) }))
}
