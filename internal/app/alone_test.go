package app_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/app"
	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
	"esoz/internal/testkit"
)

// again opens a server on the databases of another.
func again(t *testing.T, s *testkit.Server, change func(cfg *config.Config)) (*app.App, error) {
	t.Helper()
	cfg := *s.Config.Get()
	if change != nil {
		change(&cfg)
	}
	return app.New(t.Context(), app.Options{Config: config.NewLive(&cfg), Clock: s.Clock, Logger: slog.New(slog.DiscardHandler)})
}

func closed(t *testing.T, a *app.App) {
	t.Helper()
	require.NoError(t, a.Close(context.Background()))
}

// breakClaims cuts the connections that servers hold the document store by.
func breakClaims(t *testing.T, s *testkit.Server) {
	t.Helper()
	_, err := s.Pool.Exec(t.Context(), `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name LIKE 'esoz document store %'`)
	require.NoError(t, err)
}

// claims is how many servers hold the document store.
func claims(t *testing.T, s *testkit.Server) (n int) {
	t.Helper()
	require.NoError(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
		WHERE datname = current_database() AND application_name LIKE 'esoz document store %' AND locktype = 'advisory' AND granted`).Scan(&n))
	return n
}

// FerretDB 1 is one server's; any other store serves as many as there are.
func TestServersOfOneDocumentStore(t *testing.T) {
	t.Parallel()
	first := testkit.New(t, testkit.Idle())
	ferretDB1, err := mongodb.IsFerretDB1(t.Context(), first.Mongo)
	require.NoError(t, err)
	if !ferretDB1 {
		require.Zero(t, claims(t, first))
		second, err := again(t, first, nil)
		require.NoError(t, err)
		closed(t, second)
		return
	}

	require.Equal(t, 1, claims(t, first))
	_, err = again(t, first, nil)
	require.ErrorIs(t, err, app.ErrFerretDB1)
	require.ErrorContains(t, err, "another server uses the document store")

	// Another database of the same FerretDB is another store.
	other, err := again(t, first, func(cfg *config.Config) { cfg.MongoDatabase += "_other" })
	require.NoError(t, err)
	closed(t, other)

	_, err = again(t, first, func(cfg *config.Config) {
		cfg.MongoDatabase += "_other"
		cfg.MongoURL = config.Secret(strings.Replace(string(cfg.MongoURL), "maxPoolSize=1", "maxPoolSize=2", 1))
	})
	require.ErrorIs(t, err, app.ErrFerretDB1)
	require.ErrorContains(t, err, "maxPoolSize=1")
}

// A server that has lost its claim takes it again, and ends when another was faster.
func TestClaimOfTheDocumentStoreIsTakenAgain(t *testing.T) {
	t.Parallel()
	first := testkit.New(t, testkit.Idle())
	ferretDB1, err := mongodb.IsFerretDB1(t.Context(), first.Mongo)
	require.NoError(t, err)
	if !ferretDB1 {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, first.KeepAlone(ctx))
		return
	}

	breakClaims(t, first)
	second, err := again(t, first, nil)
	require.NoError(t, err, "nobody holds it")
	require.ErrorIs(t, first.KeepAlone(t.Context()), app.ErrFerretDB1)
	closed(t, second)

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- first.KeepAlone(ctx) }()
	for range 2 { // first it is free, then it is lost
		ticker := time.NewTicker(10 * time.Millisecond)
		deadline := time.After(30 * time.Second)
		for claims(t, first) == 0 {
			select {
			case <-ticker.C:
			case <-deadline:
				t.Fatal("the claim was not taken again")
			}
		}
		ticker.Stop()
		_, err = again(t, first, nil)
		require.ErrorIs(t, err, app.ErrFerretDB1)
		breakClaims(t, first)
	}
	cancel()
	require.NoError(t, <-ended)
}
