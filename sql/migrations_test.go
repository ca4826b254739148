package sqlfiles_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	sqlfiles "esoz/sql"
)

var (
	made = regexp.MustCompile(`CREATE (?:UNLOGGED )?TABLE (\S+)`)
	// blocking are the statements that keep others from a table for as long as they read it.
	blocking = []*regexp.Regexp{
		regexp.MustCompile(`CREATE (?:UNIQUE )?INDEX \w+ ON (\S+)`),
		regexp.MustCompile(`(?s)ALTER TABLE (\S+)[^;]* (?:ADD COLUMN [^;]* (?:CHECK|UNIQUE|REFERENCES)|ADD CONSTRAINT (?:[^;](?:$|[^V]|V[^A]))*;)`),
	}
)

// Servers work while migrations run. What reads a table that may be large is made CONCURRENTLY, or NOT VALID
// and validated later.
func TestMigrationsKeepNobodyFromATable(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(sqlfiles.Migrations, "*.sql")
	require.NoError(t, err)
	for _, file := range files {
		content, err := fs.ReadFile(sqlfiles.Migrations, file)
		require.NoError(t, err)
		up, _, found := strings.Cut(string(content), "-- +goose Down")
		require.True(t, found, file)
		require.Empty(t, blockingStatements(up), file)
	}
}

// Migrations share a connection: what one of them sets there would hold for those after it.
func TestMigrationsLeaveTheSettingsOfTheirConnection(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(sqlfiles.Migrations, "*.sql")
	require.NoError(t, err)
	set, seen := regexp.MustCompile(`(?m)^SET (\w+_timeout)`), 0
	for _, file := range files {
		content, err := fs.ReadFile(sqlfiles.Migrations, file)
		require.NoError(t, err)
		for _, direction := range strings.Split(string(content), "-- +goose Down") {
			for _, setting := range set.FindAllStringSubmatch(direction, -1) {
				_, after, _ := strings.Cut(direction, setting[0])
				require.Contains(t, after, "RESET "+setting[1]+";", file)
				seen++
			}
		}
	}
	require.Positive(t, seen)
}

func TestBlockingStatementsAreFound(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]bool{
		"CREATE INDEX a ON b.c (d);":                                       true,
		"CREATE UNIQUE INDEX a ON b.c (d);":                                true,
		"CREATE INDEX CONCURRENTLY a ON b.c (d);":                          false,
		"CREATE TABLE b.c (d text);\nCREATE INDEX a ON b.c (d);":           false,
		"ALTER TABLE b.c ADD CONSTRAINT a CHECK (d IN ('e'));":             true,
		"ALTER TABLE b.c ADD CONSTRAINT a CHECK (d IN ('e')) NOT VALID;":   false,
		"ALTER TABLE b.c\n    ADD COLUMN d text,\n    ADD COLUMN e text;":  false,
		"ALTER TABLE b.c ADD COLUMN d text CHECK (d <> '');":               true,
		"ALTER TABLE b.c ADD COLUMN d text;\nCREATE TABLE e (f text CHECK": false,
	} {
		require.Equal(t, want, len(blockingStatements(statement)) > 0, statement)
	}
}

func blockingStatements(up string) (found []string) {
	fresh := map[string]bool{}
	for _, m := range made.FindAllStringSubmatch(up, -1) {
		fresh[m[1]] = true
	}
	for _, statement := range strings.SplitAfter(up, ";") {
		for _, pattern := range blocking {
			if m := pattern.FindStringSubmatch(statement); m != nil && !fresh[m[1]] && !strings.Contains(statement, "NOT VALID") {
				found = append(found, strings.TrimSpace(statement))
			}
		}
	}
	return found
}
