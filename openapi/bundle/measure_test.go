package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"esoz/openapi/tree"
)

// What an operation's file may hold: lines of at most so many characters, so many of them and more for each rule.
const (
	maxLine      = 140
	maxLines     = 40
	linesPerRule = 3
)

// What is typed for an operation stays small, both languages included, so that many can be written and read. What several
// operations share belongs into templates.yaml, and schemas and long queries into schemas.yaml.
func TestOperationsAreShort(t *testing.T) {
	names, err := filepath.Glob("../src/*/*.yaml")
	require.NoError(t, err)
	found := 0
	for _, name := range names {
		if base := filepath.Base(name); base == schemasFile || base == templatesFile {
			continue
		}
		found++
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		root, err := tree.Parse(content)
		require.NoError(t, err)
		rules := 0
		for _, item := range entries(root) {
			for _, op := range entries(item) {
				rules += len(items(at(op, "x-rules", "checks")))
			}
		}
		lines := bytes.Split(bytes.TrimSuffix(content, []byte("\n")), []byte("\n"))
		require.LessOrEqual(t, len(lines), maxLines+linesPerRule*rules, "lines of %s, which has %d rules", name, rules)
		for i, line := range lines {
			require.LessOrEqual(t, utf8.RuneCount(line), maxLine, "%s, line %d", name, i+1)
		}
	}
	require.Greater(t, found, 30)
}
