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
	for _, pattern := range usualPlaces() {
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
	if _, err := os.Stat(filepath.Join(folder, "initdb"+exe)); err != nil {
		return server{}, err
	}
	var output []byte
	for _, program := range []string{"initdb", "postgres"} {
		// As they will run. The scripts of a version manager may need the user's environment.
		cmd := exec.CommandContext(ctx, filepath.Join(folder, program+exe), "--version")
		cmd.Env = environment()
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
