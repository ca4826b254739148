package guide_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
)

var textOfARow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// Each text by which a reader finds what went wrong is one that a program says: a rule of the contract, or the source.
func TestTroubleshootingNamesWhatIsSaid(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	said.WriteString(rules.ValidationMessage)
	for _, rule := range rules.All {
		said.WriteString(rule.Type + "\n" + rule.Message + "\n" + rule.Description + "\n")
	}
	for _, folder := range []string{"internal/app", "internal/sandbox", "internal/platform", "cmd"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(repository, folder), func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
				return err
			}
			content, err := os.ReadFile(file)
			said.Write(content)
			return err
		}))
	}
	found := textOfARow.FindAllStringSubmatch(read(t, "troubleshooting.md"), -1)
	require.Greater(t, len(found), 30)
	for _, text := range found {
		for piece := range strings.SplitSeq(text[1], "…") {
			require.Contains(t, said.String(), strings.TrimSpace(piece), "nobody says %q", text[1])
		}
	}
}
