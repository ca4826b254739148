package sandbox_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox"
)

// A data folder with the world of another version says so, until a reset.
func TestOldWorldIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var database string
	start := func(t *testing.T) *box {
		return startBox(t, func(o *sandbox.Options) {
			ready := o.Ready
			o.Dir, o.Ephemeral = dir, false
			o.Ready = func(at sandbox.Addresses) { database = at.DatabaseURL; ready(at) }
		})
	}
	const old = "holds the world of another version"
	t.Run("another version", func(t *testing.T) {
		require.NotContains(t, start(t).out.String(), old)
		conn, err := pgx.Connect(t.Context(), database)
		require.NoError(t, err)
		defer conn.Close(t.Context())
		changed, err := conn.Exec(t.Context(), "UPDATE prm.cache_versions SET version = version - 1 WHERE name = 'world'")
		require.NoError(t, err)
		require.EqualValues(t, 1, changed.RowsAffected())
	})
	t.Run("is named", func(t *testing.T) {
		b := start(t)
		require.Contains(t, b.out.String(), old)
		b.reset(t)
	})
	t.Run("until a reset", func(t *testing.T) { require.NotContains(t, start(t).out.String(), old) })
}
