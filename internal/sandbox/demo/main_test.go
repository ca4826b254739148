package main

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	client "esoz/gen/client/sandbox"
	"esoz/internal/sandbox"
)

// The walk of the README goes to its end, with doctors who sign and with such as do not.
func TestWalk(t *testing.T) {
	t.Parallel()
	require.NoError(t, sandbox.With(t.Context(), os.Environ(), func(ctx context.Context, at sandbox.Addresses) error {
		s, err := client.Attach(ctx, at.BaseURL)
		require.NoError(t, err)
		t.Run("in worlds side by side", func(t *testing.T) {
			for name, by := range map[string]sign{"ECDSA": bySandbox, "unsigned": unsigned} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					var out bytes.Buffer
					require.NoError(t, walkIn(ctx, s.World(t).BaseURL, &out, by), "%s", &out)
					require.Contains(t, out.String(), "Done.")
				})
			}
		})
		return nil
	}))
}
