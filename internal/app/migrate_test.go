package app_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"esoz/internal/app"
	"esoz/internal/platform/postgres"
	"esoz/internal/testkit"
	sqlfiles "esoz/sql"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// A deployment migrates at every start; what is there stays as it is.
func TestMigrateAgain(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	version := func() (sum string) { // which may be larger than an int64: the world's version is a hash
		require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT sum(version)::text FROM prm.cache_versions").Scan(&sum))
		return sum
	}
	before := version()
	for range 2 {
		require.NoError(t, app.Migrate(t.Context(), s.Pool, s.Mongo, s.Clock.Now(), s.Config.Get().SystemUser))
	}
	require.Equal(t, before, version(), "nothing has changed, so nobody needs to load anew")
	for _, collection := range []string{"approvals", "service_requests", "device_dispenses", "device_requests"} {
		indexes, err := s.Mongo.Collection(collection).Indexes().ListSpecifications(t.Context())
		require.NoError(t, err)
		require.Greater(t, len(indexes), 1, collection)
	}
}

// Each migration can be undone, also where there are data, and made again.
func TestMigrationsCanBeUndone(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	_, err := s.Pool.Exec(t.Context(), `
		INSERT INTO otp.verifications (id, phone_number, status, code_hash, code_expired_at, active, inserted_at, resource_id)
		SELECT gen_random_uuid(), phone_number, status, code_hash, code_expired_at, active, inserted_at, gen_random_uuid() FROM otp.verifications WHERE active`)
	require.NoError(t, err)
	db := stdlib.OpenDBFromPool(s.Pool)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	provider, err := goose.NewProvider(goose.DialectPostgres, db, sqlfiles.Migrations)
	require.NoError(t, err)
	for range provider.ListSources() {
		_, err = provider.Down(t.Context())
		require.NoError(t, err)
		_, err = provider.UpByOne(t.Context())
		require.NoError(t, err)
		_, err = provider.Down(t.Context())
		require.NoError(t, err)
	}
}

// Several servers of a deployment may start at once on an empty database.
func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	empty, name := testkit.EmptyDatabase(t)
	documents := s.Mongo.Client().Database(name)
	t.Cleanup(func() { require.NoError(t, documents.Drop(context.Background())) })
	var all errgroup.Group
	for range 3 {
		pool, err := postgres.Open(t.Context(), empty, 4)
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		all.Go(func() error {
			return app.Migrate(t.Context(), pool, documents, s.Clock.Now(), s.Config.Get().SystemUser)
		})
	}
	require.NoError(t, all.Wait())
}

// A program neither starts on tables that it does not know nor changes them, and a
// server whose tables are replaced by older ones is not ready any more. One that runs
// while the next version migrates stays ready.
func TestTablesOfAnotherVersion(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		change       string
		err, running error
	}{
		"older":         {"DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)", app.ErrOldTables, app.ErrOldTables},
		"one left out":  {"DELETE FROM goose_db_version WHERE version_id = 7", app.ErrOldTables, app.ErrOldTables},
		"newer":         {"INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)", app.ErrNewTables, nil},
		"River's older": {"DELETE FROM river.river_migration WHERE version = (SELECT max(version) FROM river.river_migration)", app.ErrOldTables, app.ErrOldTables},
		"River's newer": {"INSERT INTO river.river_migration (line, version) VALUES ('main', 99)", app.ErrNewTables, nil},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := testkit.New(t, testkit.Idle())
			require.NoError(t, s.Ready(t.Context()))
			_, err := s.Pool.Exec(t.Context(), c.change)
			require.NoError(t, err)
			require.ErrorIs(t, s.Ready(t.Context()), c.running)
			_, err = app.New(t.Context(), app.Options{Config: s.Config, Clock: s.Clock, Logger: slog.New(slog.DiscardHandler)})
			require.ErrorIs(t, err, c.err)
			if errors.Is(c.err, app.ErrNewTables) {
				require.ErrorIs(t, app.Migrate(t.Context(), s.Pool, s.Mongo, s.Clock.Now(), s.Config.Get().SystemUser), c.err)
			}
		})
	}
}

// A server does not start on a database without tables, and says what to do.
func TestNoTables(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	empty, _ := testkit.EmptyDatabase(t)
	s.Set(t, map[string]string{"DATABASE_URL": empty})
	_, err := app.New(t.Context(), app.Options{Config: s.Config, Clock: s.Clock, Logger: slog.New(slog.DiscardHandler)})
	require.ErrorIs(t, err, app.ErrOldTables)
	require.ErrorContains(t, err, "run esoz migrate")
}
