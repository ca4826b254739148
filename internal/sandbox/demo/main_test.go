package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// The walk of the README goes to its end, with doctors who sign and with such as do not.
func TestWalk(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]sign{"ECDSA": bySandbox, "unsigned": unsigned} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			require.NoError(t, run(t.Context(), &out, by), "%s", &out)
			require.Contains(t, out.String(), "Done.")
		})
	}
}
