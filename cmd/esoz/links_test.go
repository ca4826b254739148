package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The server that others run has nothing of the sandbox: no page, no log of requests, no dial.
func TestServerLinksNoSandbox(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	for _, name := range strings.Fields(string(out)) {
		require.False(t, strings.HasPrefix(name, "esoz/internal/sandbox") || strings.HasPrefix(name, "esoz/internal/reference"), name)
	}
}
