package sandbox_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/testkit"
)

// A reset leaves in every table and every collection what the seeding put there, whatever
// was written in between. The engines name the tables and the collections, so that a new
// one that a reset does not empty is found.
func TestResetLeavesWhatTheSeedingPutThere(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	const unfinished = "river.river_job WHERE state <> 'completed'"
	waiting := srv.Count(t, unfinished)
	require.NoError(t, srv.World.Seed(t.Context(), srv.Pool, srv.Mongo))
	seeded := holdings(t, srv)
	require.Greater(t, len(seeded), 60)

	for _, c := range srv.World.Cases {
		if len(c.Rules) > 0 {
			continue
		}
		before := srv.Config.Get()
		changed, err := before.With(c.Config)
		require.NoError(t, err)
		srv.Config.Set(changed)
		srv.Send(t, c.Request)
		srv.Config.Set(before)
	}
	require.Eventually(t, func() bool { return srv.Count(t, unfinished) <= waiting }, time.Minute, 50*time.Millisecond, "the jobs end")
	written := holdings(t, srv)
	for _, name := range []string{
		"prm.divisions", "prm.audit_log", "jobs.jobs", "event_manager.events", "otp.verifications", "ops.declarations",
		"service_requests", "device_dispenses", "device_requests", "episodes",
	} {
		require.NotEqual(t, seeded[name], written[name], "the cases change %s", name)
	}

	require.NoError(t, srv.World.Seed(t.Context(), srv.Pool, srv.Mongo))
	require.Equal(t, seeded, holdings(t, srv))
}

// holdings are the contents of every table and collection, by name.
func holdings(t *testing.T, srv *testkit.Server) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	// River's tables but that of its jobs hold who works at the moment. Versions of caches
	// only go up.
	rows, err := srv.Pool.Query(t.Context(), `
		SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
		WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'river') AND tablename <> 'cache_versions'
		UNION VALUES ('river.river_job')`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, table := range tables {
		rows, err := srv.Pool.Query(t.Context(), "SELECT md5(t::text) FROM "+table+" AS t ORDER BY 1")
		require.NoError(t, err)
		all[table], err = pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
	}
	collections, err := srv.Mongo.ListCollectionNames(t.Context(), bson.D{})
	require.NoError(t, err)
	for _, name := range collections {
		cursor, err := srv.Mongo.Collection(name).Find(t.Context(), bson.D{})
		require.NoError(t, err)
		var documents []bson.Raw
		require.NoError(t, cursor.All(t.Context(), &documents))
		all[name] = []string{}
		for _, d := range documents {
			all[name] = append(all[name], d.String())
		}
		slices.SortFunc(all[name], cmp.Compare[string])
	}
	return all
}
