package engines

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

const minMajor = 15

var errNoServer = errors.New("no PostgreSQL server found")

// server is an installed PostgreSQL.
type server struct {
	programs string // folder of initdb and postgres
	major    int
}

// usualPlaces are where distributions put the server programs, which most keep
// out of PATH.
var usualPlaces = []string{
	"/usr/lib/postgresql/*/bin",                      // Debian, Ubuntu
	"/usr/pgsql-*/bin",                               // packages of postgresql.org for Red Hat
	"/usr/lib/postgresql*/bin",                       // SUSE
	"/usr/libexec/postgresql*",                       // Alpine
	"/usr/lib64/postgresql-*/bin",                    // Gentoo
	"/usr/local/pgsql/bin",                           // built from source
	"/opt/homebrew/opt/postgresql*/bin",              // Homebrew, Apple silicon
	"/usr/local/opt/postgresql*/bin",                 // Homebrew, Intel
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin", // Homebrew, Linux
	"/opt/local/lib/postgresql*/bin",                 // MacPorts
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// findServer finds the newest server on the machine that the account can run;
// with major != 0 the newest of that major version, because a cluster can only
// be used by the version that made it.
func findServer(ctx context.Context, user account, major int) (server, error) {
	var folders []string
	if path, err := exec.LookPath("postgres"); err == nil {
		// PATH may hold a link to it alone.
		if path, err = filepath.EvalSymlinks(path); err == nil {
			folders = append(folders, filepath.Dir(path))
		}
	}
	for _, pattern := range usualPlaces {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return server{}, fmt.Errorf("look into %s: %w", pattern, err)
		}
		folders = append(folders, found...)
	}
	return newest(ctx, folders, user, major)
}

func newest(ctx context.Context, folders []string, user account, major int) (server, error) {
	var best server
	for _, folder := range folders {
		s, err := inspect(ctx, folder)
		if ctx.Err() != nil {
			return server{}, fmt.Errorf("look for PostgreSQL: %w", ctx.Err())
		}
		if err != nil || !user.reaches(folder) {
			continue
		}
		if s.major >= minMajor && (major == 0 || s.major == major) && s.major > best.major {
			best = s
		}
	}
	if best.major == 0 {
		return server{}, errNoServer
	}
	return best, nil
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect asks the server in folder for its version.
func inspect(ctx context.Context, folder string) (server, error) {
	// Client packages bring a bin folder too.
	if _, err := os.Stat(filepath.Join(folder, "initdb")); err != nil {
		return server{}, err
	}
	var output []byte
	for _, program := range []string{"initdb", "postgres"} {
		// As they will run. The scripts of a version manager may need the user's environment.
		cmd := exec.CommandContext(ctx, filepath.Join(folder, program), "--version")
		cmd.Env = environment
		var err error
		if output, err = cmd.Output(); err != nil {
			return server{}, fmt.Errorf("ask %s for its version: %w", folder, err)
		}
	}
	match := versionPattern.FindSubmatch(output)
	if match == nil {
		return server{}, fmt.Errorf("ask %s for its version: it says %q", folder, output)
	}
	major, err := strconv.Atoi(string(match[1]))
	if err != nil {
		return server{}, fmt.Errorf("ask %s for its version: %w", folder, err)
	}
	return server{programs: folder, major: major}, nil
}
