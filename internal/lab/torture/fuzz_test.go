package torture

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// repository is its root, seen from the folder of this package.
const repository = "../../.."

// fuzzTarget is a fuzz test beside a decoder.
type fuzzTarget struct{ folder, name string }

var fuzzTest = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

func fuzzTargets(t *testing.T) []fuzzTarget {
	t.Helper()
	var all []fuzzTarget
	err := fs.WalkDir(os.DirFS(repository), "internal", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(filepath.Join(repository, path))
		for _, found := range fuzzTest.FindAllSubmatch(source, -1) {
			all = append(all, fuzzTarget{filepath.Dir(path), string(found[1])})
		}
		return err
	})
	require.NoError(t, err)
	return all
}

var executions = regexp.MustCompile(`execs: (\d+)`)

// fuzz runs a target for some seconds and counts its executions. What it finds
// it leaves among the target's corpus.
func (f fuzzTarget) fuzz(t *testing.T, seconds int) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-run=^$", "-fuzz=^"+f.name+"$", fmt.Sprintf("-fuzztime=%ds", seconds), "./"+f.folder)
	cmd.Dir = repository
	told, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s in %s:\n%s", f.name, f.folder, told)
	counts := executions.FindAllSubmatch(told, -1)
	require.NotEmpty(t, counts, "%s", told)
	n, err := strconv.Atoi(string(counts[len(counts)-1][1]))
	require.NoError(t, err)
	return n
}

// Every fuzz target beside a decoder has a corpus, which the tests of its package
// go through; a full run looks for more. That a new decoder has a target is up to
// who writes it.
func TestFuzzTargets(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T3", "no input makes a decoder panic, hang, or read what it must not")
	targets := fuzzTargets(t)
	require.GreaterOrEqual(t, len(targets), 8)
	seconds := amount(0, 15)
	for _, target := range targets {
		corpus, err := os.ReadDir(filepath.Join(repository, target.folder, "testdata/fuzz", target.name))
		require.NoError(t, err, "%s has no corpus", target.name)
		tr.add("inputs kept", len(corpus))
		if seconds > 0 {
			tr.add("executions", target.fuzz(t, seconds))
		}
	}
	tr.add("fuzz targets", len(targets))
}
