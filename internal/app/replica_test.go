package app_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// Lists come from the replica, and nothing else does: with a replica that knows no token, no
// legal entity and no document every operation still answers as without it.
func TestReplica(t *testing.T) {
	t.Parallel()
	replica := testkit.New(t, testkit.Idle())
	s := testkit.New(t, testkit.Idle(), testkit.With("DATABASE_REPLICA_URL", string(replica.Config.Get().DatabaseURL)))
	plain := testkit.New(t, testkit.Idle())

	_, err := replica.Pool.Exec(t.Context(), "UPDATE prm.divisions SET name = 'on the replica'")
	require.NoError(t, err)
	require.Contains(t, names(t, s), "on the replica")

	rows, err := replica.Pool.Query(t.Context(), "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables "+
		"WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema', 'river')")
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, table := range tables {
		_, err := replica.Pool.Exec(t.Context(), "TRUNCATE "+table+" CASCADE")
		require.NoError(t, err)
	}
	require.Empty(t, names(t, s))
	done := map[string]bool{}
	for _, c := range s.World.Cases {
		if len(c.Rules) == 0 && len(c.Config) == 0 && !done[c.OperationID] {
			done[c.OperationID] = true
			require.Equal(t, plain.Send(t, c.Request).Status, s.Send(t, c.Request).Status, c.OperationID)
		}
	}
	require.Greater(t, len(done), 30)
}

// While the replica is away, the primary answers.
func TestReplicaAway(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle(), testkit.With("DATABASE_REPLICA_URL", "postgres://nobody@127.0.0.1:1/nothing"))
	for range 2 {
		require.NotEmpty(t, names(t, s))
	}
}

// names are those of the divisions that the owner of the clinic is shown.
func names(t *testing.T, s *testkit.Server) (all []string) {
	t.Helper()
	r := s.Send(t, testkit.As(world.TokenValue("owner"), http.MethodGet, "/api/divisions", nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var divisions []struct{ Name string }
	require.NoError(t, json.Unmarshal(r.Body.Data, &divisions))
	for _, d := range divisions {
		all = append(all, d.Name)
	}
	return all
}
