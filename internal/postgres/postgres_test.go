package postgres_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"esoz/internal/postgres"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// Work under one key never overlaps, whichever process it runs in; work under
// another key does not wait for it.
func TestAlone(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	var inside, most atomic.Int32
	entered := make(chan struct{}, 8)
	var all errgroup.Group
	for range 8 {
		pool, err := postgres.Open(t.Context(), s.Pool.Config().ConnString(), 1)
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		all.Go(func() error {
			return postgres.Alone(t.Context(), pool, 1, func() error {
				most.Store(max(most.Load(), inside.Add(1)))
				entered <- struct{}{}
				err := postgres.Alone(t.Context(), s.Pool, 2, func() error { return nil })
				inside.Add(-1)
				return err
			})
		})
	}
	require.NoError(t, all.Wait())
	require.Len(t, entered, 8)
	require.EqualValues(t, 1, most.Load())
}

// A clean-up goes on until a statement finds less than it may take.
func TestInBatches(t *testing.T) {
	t.Parallel()
	left, statements := int64(12_345), 0
	require.NoError(t, postgres.InBatches(t.Context(), func(_ context.Context, limit int32) (int64, error) {
		statements++
		n := min(left, int64(limit))
		left -= n
		return n, nil
	}))
	require.Zero(t, left)
	require.Equal(t, 3, statements)

	broken := errors.New("broken")
	require.ErrorIs(t, postgres.InBatches(t.Context(), func(context.Context, int32) (int64, error) { return 0, broken }), broken)
}
