package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// The walk of the README goes to its end.
func TestWalk(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out), "%s", &out)
	require.Contains(t, out.String(), "Done.")
}
