package postgres_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
	"esoz/internal/testkit"
)

// Errors of PostgreSQL and its connection are fault.ErrUnavailable (503, and jobs
// retry). Errors of a statement are not.
func TestErrorTellsWhoIsToBlame(t *testing.T) {
	t.Parallel()
	states := map[string]bool{
		"08006": true, "08P01": true, // connection
		"25006": true,                // read only
		"40001": true, "40P01": true, // given up after three tries
		"53000": true, "53100": true, "53200": true, "53300": true, "53400": true,
		"55P03": true,
		"57014": true, "57P01": true, "57P02": true, "57P03": true, "57P04": true, "57P05": true,
		"58000": true, "58030": true, "58P01": true, "58P02": true,
		"F0000": true,
		"XX000": true, "XX001": true, "XX002": true, // "could not extend file": File too large
		"": false, "2": false,
		"22001": false, "22021": false, "23505": false, "23503": false, "25P02": false,
		"42601": false, "42P01": false, "42501": false, "54000": false, "54001": false, "55000": false, "P0001": false,
	}
	for code, away := range states {
		err := postgres.Error(fmt.Errorf("insert: %w", &pgconn.PgError{Code: code}))
		require.Equal(t, away, errors.Is(err, fault.ErrUnavailable), "SQLSTATE %q", code)
		var cause *pgconn.PgError
		require.ErrorAs(t, err, &cause, "the driver's error stays")
	}
	for _, err := range []error{
		io.ErrUnexpectedEOF, io.EOF, net.ErrClosed,
		&net.OpError{Op: "read", Net: "unix", Err: syscall.ECONNRESET},
		errors.Join(errors.New("roll back: conn closed"), io.ErrUnexpectedEOF),
	} {
		require.ErrorIs(t, postgres.Error(fmt.Errorf("insert: %w", err)), fault.ErrUnavailable, "%T", err)
	}
	for _, err := range []error{errors.New("a fault of ours"), pgx.ErrTxClosed} {
		require.NotErrorIs(t, postgres.Error(err), fault.ErrUnavailable)
	}
	require.ErrorIs(t, postgres.Error(pgx.ErrNoRows), fault.ErrNotFound)
	require.NoError(t, postgres.Error(nil))
}

// The error is fault.ErrUnavailable when a backend is terminated or cancelled in
// the middle of a statement, and when there is no server.
func TestBackendsThatEnd(t *testing.T) {
	t.Parallel()
	dsn, _ := testkit.EmptyDatabase(t)
	for _, end := range []string{"pg_terminate_backend", "pg_cancel_backend"} { // 57P01, 57014
		pool, err := postgres.Open(t.Context(), dsn, 1)
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		err = postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "DO $$ BEGIN PERFORM "+end+"(pg_backend_pid()), pg_sleep(10); END $$")
			return err
		})
		require.ErrorIs(t, err, fault.ErrUnavailable, end)
		require.NoError(t, pool.Ping(t.Context()), "the pool goes on")
	}
	nowhere, err := postgres.Open(t.Context(), "host="+t.TempDir()+" user=nobody dbname=nothing", 1)
	require.NoError(t, err)
	t.Cleanup(nowhere.Close)
	require.ErrorIs(t, postgres.Error(nowhere.Ping(t.Context())), fault.ErrUnavailable)
}
