package engines

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A program that asks for its user's name gets one, whatever number we run as.
// It runs alone: until a child has its namespace it holds the locks of parallel tests.
func TestNamed(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "id", "-un")
	cmd.SysProcAttr = new(syscall.SysProcAttr)
	named(cmd)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, []string{"postgres", "nobody"}, strings.TrimSpace(string(out)))
}
