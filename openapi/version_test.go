package openapi_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each program says from which commit it was built.
func TestPrograms(t *testing.T) {
	t.Parallel()
	head := []byte("unknown") // Go notes no commit of an archive, and none of a worktree, whose .git is a file
	if git, err := os.Stat("../.git"); err == nil && git.IsDir() {
		head, err = exec.CommandContext(t.Context(), "git", "rev-parse", "HEAD").Output()
		require.NoError(t, err)
	}
	document, err := os.ReadFile("openapi.yaml")
	require.NoError(t, err)
	version := regexp.MustCompile(`(?m)^  version: (\S+)$`).FindSubmatch(document)[1]
	for _, name := range []string{"esoz", "esoz-sandbox", "esoz-conformance"} {
		program := filepath.Join(t.TempDir(), name)
		out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=auto", "-o", program, "../cmd/"+name).CombinedOutput()
		require.NoError(t, err, "%s", out)
		out, err = exec.CommandContext(t.Context(), program, "--version").CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Regexp(t, "^"+name+" "+string(version)+` \(commit `+strings.TrimSpace(string(head))+`(, with changes)?, go1\S+\)\n$`, string(out))
	}
}
