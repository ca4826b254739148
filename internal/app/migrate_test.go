package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/app"
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
