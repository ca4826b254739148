package app_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"esoz/internal/app"
	"esoz/internal/platform/postgres"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// A deployment migrates at every start; what is there stays as it is.
func TestMigrateAgain(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	version := func() (sum int64) {
		require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT sum(version) FROM prm.cache_versions").Scan(&sum))
		return sum
	}
	before := version()
	for range 2 {
		require.NoError(t, app.Migrate(t.Context(), s.Pool, s.Mongo, s.Clock.Now(), s.Config.Get().SystemUser))
	}
	require.Equal(t, before, version(), "nothing has changed, so nobody needs to load anew")
	for _, collection := range []string{"approvals", "service_requests", "device_dispenses"} {
		indexes, err := s.Mongo.Collection(collection).Indexes().ListSpecifications(t.Context())
		require.NoError(t, err)
		require.Greater(t, len(indexes), 1, collection)
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
