package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"esoz/internal/testkit"
)

// The password of the database is no argument, which everybody on the machine sees.
func TestImportTakesNoPassword(t *testing.T) {
	s := testkit.New(t, testkit.Idle())
	file := filepath.Join(t.TempDir(), "codifier.csv")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	var c commands
	parser, err := kong.New(&c)
	require.NoError(t, err)
	_, err = parser.Parse([]string{"import", "katottg", "--database-url=postgres://esoz:secret@db/esoz", file})
	require.ErrorContains(t, err, "unknown flag --database-url")

	t.Setenv("DATABASE_URL", "")
	require.EqualError(t, importKATOTTGCommand{File: file}.Run(t.Context()), "DATABASE_URL or DATABASE_URL_FILE is needed")
	url := filepath.Join(t.TempDir(), "url")
	require.NoError(t, os.WriteFile(url, []byte(s.Config.Get().DatabaseURL), 0o600))
	t.Setenv("DATABASE_URL_FILE", url)
	require.ErrorContains(t, importKATOTTGCommand{File: file}.Run(t.Context()), "import "+file, "the database is reached, the codifier is empty")
}
