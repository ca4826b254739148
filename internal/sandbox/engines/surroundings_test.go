//go:build unix

package engines

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The scripts of a version manager, which need the user's PATH, are not chosen:
// programs are asked for their version as they will run.
func TestShimsAreNotTaken(t *testing.T) {
	root := t.TempDir()
	tool := filepath.Join(root, "tool")
	fakeServer(t, tool, "18.1", "initdb")
	shims := filepath.Join(root, "shims")
	require.NoError(t, os.Mkdir(shims, 0o755))
	for _, program := range []string{"postgres", "initdb"} {
		require.NoError(t, os.Rename(filepath.Join(tool, program), filepath.Join(tool, "tool-"+program)))
		writeProgram(t, filepath.Join(shims, program), []byte("#!/bin/sh\nexec tool-"+program+" \"$@\"\n"))
	}
	plain := fakeServer(t, filepath.Join(root, "17"), "17.5", "initdb")
	t.Setenv("PATH", shims+":"+tool+":"+os.Getenv("PATH"))
	best, err := newest(testContext(t), []string{shims, plain}, account{}, 0)
	require.NoError(t, err)
	require.Equal(t, server{programs: plain, major: 17}, best)
}

// A path that SQLite cannot take is refused before anything is started.
func TestLongFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := "/" + strings.Repeat("я", maxDataPath/2)
	require.ErrorContains(t, fitForDocuments(dir), "more than 400 bytes, and this one has 401")
	require.NoError(t, fitForDocuments(dir[:maxDataPath]))
}
