package part_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/reference/docs/part"
)

func TestReplace(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "README.md")
	require.NoError(t, os.WriteFile(path, []byte("a\n<!-- rules: made by make x -->\nold $1\n<!-- /rules -->\nb\n<!-- /rules -->\n"), 0o600))

	changed, err := part.Replace(path, "rules", "new $1\n")
	require.NoError(t, err)
	require.True(t, changed)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "a\n<!-- rules: made by make x -->\nnew $1\n<!-- /rules -->\nb\n<!-- /rules -->\n", string(got))

	changed, err = part.Replace(path, "rules", "new $1\n")
	require.NoError(t, err)
	require.False(t, changed)

	_, err = part.Replace(path, "rule", "")
	require.ErrorContains(t, err, `has no part "rule"`)
}
