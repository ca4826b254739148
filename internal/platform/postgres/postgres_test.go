package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// Work with one key does not overlap, also across pools. Work with another key
// does not wait.
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

// InBatches ends after the first statement that deletes less than its limit.
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

// The error is fault.ErrUnconfirmed exactly when the answer of a committing
// statement is lost.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	_, err := s.Pool.Exec(t.Context(), "CREATE TABLE notes (note text PRIMARY KEY)")
	require.NoError(t, err)
	const insert = "INSERT INTO notes VALUES ($1)"
	type write func(ctx context.Context, pool *pgxpool.Pool, note string) error
	alone := func(ctx context.Context, pool *pgxpool.Pool, note string) error {
		return postgres.Once(ctx, pool, func(on postgres.Conn) error {
			_, err := on.Exec(ctx, insert, note)
			return err
		})
	}
	bare := func(ctx context.Context, pool *pgxpool.Pool, note string) error { // uses PostgreSQL's simple protocol
		return postgres.Once(ctx, pool, func(on postgres.Conn) error {
			_, err := on.Exec(ctx, "INSERT INTO notes VALUES ('"+note+"')")
			return err
		})
	}
	together := func(ctx context.Context, pool *pgxpool.Pool, note string) error {
		return postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, insert, note)
			return err
		})
	}
	cut := func(ctx context.Context, pool *pgxpool.Pool, note string) error {
		return postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, insert, note); err != nil {
				return err
			}
			return tx.Conn().Close(ctx)
		})
	}
	kept := func(ctx context.Context, pool *pgxpool.Pool, note string) error {
		ctx, unit := postgres.WithUnit(ctx, pool)
		if err := alone(ctx, pool, note); err != nil {
			return err
		}
		return unit.Commit(ctx, func(postgres.Tx) error { return nil })
	}
	for _, c := range []struct {
		name  string
		write write
		lost  string // the command whose answer is lost
		want  error
		rows  int
	}{
		{"a statement", alone, "INSERT 0 1", fault.ErrUnconfirmed, 1},
		{"a statement without arguments", bare, "INSERT 0 1", fault.ErrUnconfirmed, 1},
		{"a commit", together, "COMMIT", fault.ErrUnconfirmed, 1},
		{"the commit of a unit", kept, "COMMIT", fault.ErrUnconfirmed, 1},
		{"a statement of a unit", kept, "INSERT 0 1", fault.ErrUnavailable, 0},
		{"a statement before the commit", together, "INSERT 0 1", fault.ErrUnavailable, 0},
		{"the begin", together, "BEGIN", fault.ErrUnavailable, 0},
		{"the connection before the commit", cut, "nothing", fault.ErrUnavailable, 0},
		{"nothing", together, "nothing", nil, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			pool := throughBridge(t, s.Pool, func(answer []byte) bool { return bytes.Contains(answer, []byte(c.lost+"\x00")) })
			err := c.write(t.Context(), pool, c.name)
			require.ErrorIs(t, err, c.want)
			if !errors.Is(c.want, fault.ErrUnconfirmed) {
				require.NotErrorIs(t, err, fault.ErrUnconfirmed)
			}
			var rows int
			require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT count(*) FROM notes WHERE note = $1", c.name).Scan(&rows))
			require.Equal(t, c.rows, rows)
		})
	}

	t.Run("a refusal is an answer", func(t *testing.T) {
		t.Parallel()
		require.NoError(t, alone(t.Context(), s.Pool, "twice"))
		for _, again := range []write{alone, together} {
			err := again(t.Context(), s.Pool, "twice")
			require.ErrorAs(t, err, new(*pgconn.PgError))
			require.NotErrorIs(t, err, fault.ErrUnconfirmed)
			require.NotErrorIs(t, err, fault.ErrUnavailable)
		}
	})
	t.Run("who gets no connection has sent nothing", func(t *testing.T) {
		t.Parallel()
		pool := throughBridge(t, s.Pool, nil)
		conn, err := pool.Acquire(t.Context())
		require.NoError(t, err)
		defer conn.Release()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		for _, late := range []write{alone, together} {
			err := late(ctx, pool, "late")
			require.ErrorIs(t, err, fault.ErrUnavailable)
			require.NotErrorIs(t, err, fault.ErrUnconfirmed)
		}
	})
}

// throughBridge returns a pool of one connection to the database of another pool.
// The connection breaks at answers for which lose returns true.
func throughBridge(t *testing.T, to *pgxpool.Pool, lose func(answer []byte) bool) *pgxpool.Pool {
	t.Helper()
	cfg := to.Config().ConnConfig
	network, address := pgconn.NetworkAddress(cfg.Host, cfg.Port)
	host, port, err := net.SplitHostPort(testkit.Bridge(t, network, address, lose))
	require.NoError(t, err)
	pool, err := postgres.Open(t.Context(), fmt.Sprintf("host=%s port=%s user=%s password='%s' dbname=%s sslmode=disable",
		host, port, cfg.User, cfg.Password, cfg.Database), 1)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// Variables that are about the user's own connections never reach ours.
func TestLibpqVariablesAreIgnored(t *testing.T) {
	s := testkit.New(t, testkit.Idle())
	t.Setenv("PGSERVICE", "prod")
	t.Setenv("PGOPTIONS", "-c default_transaction_read_only=on")
	t.Setenv("PGAPPNAME", "theirs")
	pool, err := postgres.Open(t.Context(), string(s.Config.Get().DatabaseURL), 1)
	require.NoError(t, err)
	defer pool.Close()
	var readOnly, name string
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT current_setting('default_transaction_read_only'), current_setting('application_name')").Scan(&readOnly, &name))
	require.Equal(t, []string{"off", ""}, []string{readOnly, name})
}
