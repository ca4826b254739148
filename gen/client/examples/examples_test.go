// Package examples_test does with the client what its README tells to do.
package examples_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	client "esoz/gen/client/sandbox"
	"esoz/internal/sandbox"
)

// root of the repository, from this folder.
const root = "../../.."

func TestAgainstTheSandbox(t *testing.T) {
	t.Parallel()
	require.NoError(t, sandbox.With(t.Context(), os.Environ(), func(_ context.Context, at sandbox.Addresses) error {
		t.Run("examples", func(t *testing.T) { tryExamples(t, at.BaseURL) })
		return nil
	}))
}

func tryExamples(t *testing.T, baseURL string) {
	t.Helper()
	t.Run("quick start", func(t *testing.T) {
		t.Parallel()
		program := strings.ReplaceAll(quickStart(t), "http://127.0.0.1:8080", baseURL)
		out, err := run(t, program)
		require.NoError(t, err, out)
		require.Regexp(t, `^divisions: [1-9]\d*\n$`, out)
	})
	t.Run("quick start, refused", func(t *testing.T) {
		t.Parallel()
		program := strings.ReplaceAll(quickStart(t), "http://127.0.0.1:8080", baseURL)
		out, err := run(t, strings.ReplaceAll(program, "sandbox-owner", "sandbox-no-scopes"))
		require.Error(t, err)
		require.Contains(t, out, "GET /api/divisions: 403 forbidden: Your scope does not allow to access this resource. "+
			"Missing allowances: division:read (gateway.scope) [request ")
		require.Contains(t, out, "(refused by the API: true)")
	})
	t.Run("walk", func(t *testing.T) {
		t.Parallel()
		s, err := client.Attach(t.Context(), baseURL)
		require.NoError(t, err)
		cmd := exec.CommandContext(t.Context(), "go", "run", "./gen/client/examples/walk", s.World(t).BaseURL)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		for _, event := range []string{
			"ServiceRequest %s status is now completed", "ServiceRequest %s status is now recalled", "ServiceRequest %s status is now entered_in_error",
			"DeviceRequest %s status is now completed", "DeviceDispense %s status is now completed", "DeviceDispense %s status is now stopped",
			"DeviceDispense %s status is now entered_in_error",
		} {
			require.Regexp(t, "Event: "+fmt.Sprintf(event, `\S+`)+`\n`, string(out))
		}
		require.Contains(t, string(out), "The second encounter is cancelled; the referral stays completed\n")
		for _, refusal := range []string{
			"Invalid verification code", "Signed content does not match the previously created content", "Does not match the signer drfo",
		} {
			require.Contains(t, string(out), "Refused: "+refusal+"\n")
		}
		require.Contains(t, string(out), "The first declaration is terminated")
		require.True(t, strings.HasSuffix(string(out), "Done.\n"), "%s", out)
	})
}

// quickStart is the program in the README.
func quickStart(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)<!-- quick start: .*?-->\n```go\n(.*?)```").FindSubmatch(readme)
	require.NotNil(t, block, "the README has no quick start")
	require.Contains(t, string(block[1]), `"http://127.0.0.1:8080"`)
	return string(block[1])
}

// run runs a program from the root of the repository, as the README says.
func run(t *testing.T, program string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(file, []byte(program), 0o600))
	cmd := exec.CommandContext(t.Context(), "go", "run", file)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	return string(out), err
}
