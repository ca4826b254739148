package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/postgres"
	"esoz/internal/testkit"
)

// notes is a server with a table for the test.
type notes struct {
	*testkit.Server
	t *testing.T
}

func startNotes(t *testing.T) notes {
	t.Helper()
	s := testkit.New(t, testkit.Idle())
	_, err := s.Pool.Exec(t.Context(), "CREATE TABLE notes (n integer PRIMARY KEY)")
	require.NoError(t, err)
	return notes{s, t}
}

func (n notes) stored() int {
	n.t.Helper()
	return n.Count(n.t, "notes")
}

func insert(ctx context.Context, on postgres.Conn, n int) error {
	_, err := on.Exec(ctx, "INSERT INTO notes VALUES ($1)", n)
	return err
}

// All writes of a unit are committed together.
func TestUnit(t *testing.T) {
	t.Parallel()
	n := startNotes(t)
	ctx, unit := postgres.WithUnit(t.Context(), n.Pool)
	require.Zero(t, n.Pool.Stat().AcquiredConns(), "nothing is held before the first write")
	require.NoError(t, postgres.InTx(ctx, n.Pool, func(tx pgx.Tx) error { return insert(ctx, tx, 1) }))
	require.NoError(t, postgres.Once(ctx, n.Pool, func(on postgres.Conn) error { return insert(ctx, on, 2) }))
	require.Zero(t, n.stored())
	require.NoError(t, unit.Commit(ctx, func(tx postgres.Tx) error { return insert(ctx, tx, 3) }))
	require.Equal(t, 3, n.stored())
	require.NoError(t, unit.Rollback(ctx))
	require.Equal(t, 3, n.stored())
	require.Zero(t, n.Pool.Stat().AcquiredConns())
}

// A unit that fails or is not committed writes nothing.
func TestUnitThatFails(t *testing.T) {
	t.Parallel()
	n := startNotes(t)
	none := func(postgres.Tx) error { return nil }

	ctx, unit := postgres.WithUnit(t.Context(), n.Pool)
	require.NoError(t, postgres.Once(ctx, n.Pool, func(on postgres.Conn) error { return insert(ctx, on, 1) }))
	require.NoError(t, unit.Rollback(ctx))
	require.Zero(t, n.stored())

	ctx, unit = postgres.WithUnit(t.Context(), n.Pool)
	require.NoError(t, postgres.Once(ctx, n.Pool, func(on postgres.Conn) error { return insert(ctx, on, 1) }))
	require.Error(t, postgres.Once(ctx, n.Pool, func(on postgres.Conn) error { return insert(ctx, on, 1) }))
	require.Error(t, unit.Commit(ctx, none), "the first write went with the second")
	require.NoError(t, unit.Rollback(ctx))
	require.Zero(t, n.stored())

	broken := errors.New("broken")
	ctx, unit = postgres.WithUnit(t.Context(), n.Pool)
	require.NoError(t, postgres.Once(ctx, n.Pool, func(on postgres.Conn) error { return insert(ctx, on, 1) }))
	require.ErrorIs(t, unit.Commit(ctx, func(postgres.Tx) error { return broken }), broken)
	require.NoError(t, unit.Rollback(ctx))
	require.Zero(t, n.stored())
	require.Zero(t, n.Pool.Stat().AcquiredConns())
}

// The first write of a unit is retried like any transaction.
func TestUnitTriesAgain(t *testing.T) {
	t.Parallel()
	n := startNotes(t)
	ctx, unit := postgres.WithUnit(t.Context(), n.Pool)
	tries := 0
	require.NoError(t, postgres.InTx(ctx, n.Pool, func(tx pgx.Tx) error {
		tries++
		if err := insert(ctx, tx, tries); err != nil || tries == 2 {
			return err
		}
		return &pgconn.PgError{Code: "40001"}
	}))
	require.NoError(t, unit.Commit(ctx, func(tx postgres.Tx) error { return insert(ctx, tx, 3) }))
	require.Equal(t, 2, n.stored(), "the first try left nothing")
}
