package guide_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/docs"
	client "esoz/gen/client/sandbox"
	"esoz/internal/reference/guide"
	"esoz/internal/sandbox"
)

const repository = "../../.."

// shellBlock is a block of commands, and the comment before it that names what tries them in place of this test.
var shellBlock = regexp.MustCompile("(?ms)(?:^<!-- tried by (\\S+?):?(?: [^>]*)? -->\n)?^```sh\n(.*?)^```")

// The commands of a page are one script, as a reader pastes them one after another. They end without an error.
func TestCommands(t *testing.T) {
	t.Parallel()
	for _, needed := range []string{"bash", "curl", "jq"} {
		_, err := exec.LookPath(needed)
		require.NoError(t, err, "the commands of the pages need %s", needed)
	}
	programs := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", programs+"/", "./cmd/esoz-sandbox", "./cmd/esoz-conformance")
	build.Dir = repository
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	files, err := guide.Files()
	require.NoError(t, err)
	require.NoError(t, sandbox.With(t.Context(), os.Environ(), func(ctx context.Context, at sandbox.Addresses) error {
		s, err := client.Attach(ctx, at.BaseURL)
		require.NoError(t, err)
		ran := 0
		for _, file := range files {
			if strings.HasPrefix(file, "uk/") || !slices.Contains(files, "uk/"+file) {
				continue // the Ukrainian page has the same commands, as TestTheLanguagesAgree sees
			}
			if script := script(t, file); script != "" {
				ran++
				t.Run(file, func(t *testing.T) {
					require.NotContains(t, script, "sleep 1", "nobody waits for long")
					runScript(ctx, t, programs, script, s.BaseURL)
				})
			}
		}
		require.GreaterOrEqual(t, ran, 6)
		return nil
	}))
}

// script is all commands of a page that are not tried elsewhere.
func script(t *testing.T, file string) string {
	t.Helper()
	page, err := docs.Files.ReadFile(file)
	require.NoError(t, err)
	var script strings.Builder
	for _, block := range shellBlock.FindAllSubmatch(page, -1) {
		if tried := string(block[1]); tried != "" {
			require.FileExists(t, filepath.Join(repository, tried), "%s names it", file)
			continue
		}
		script.Write(block[2])
	}
	return script.String()
}

func runScript(ctx context.Context, t *testing.T, programs, script, address string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", strings.ReplaceAll(script, guide.Local, address))
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "PATH="+programs+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NotContains(t, string(out), "null\n", "an answer was not as the page expects")
	t.Logf("%s", out)
}
