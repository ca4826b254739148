//go:build unix

package engines

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeServer makes a folder that passes for the programs of a PostgreSQL.
func fakeServer(t *testing.T, folder, version string, programs ...string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(folder, 0o755))
	for _, program := range append(programs, "postgres") {
		writeProgram(t, filepath.Join(folder, program), []byte(fakeProgram(version)))
	}
	return folder
}

// writeProgram keeps parallel tests from starting a process that would have the
// program open, so that it could not run.
func writeProgram(t *testing.T, path string, content []byte) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	require.NoError(t, os.WriteFile(path, content, 0o755))
}

func fakeProgram(version string) string {
	return fmt.Sprintf("#!/bin/sh\n[ \"$1\" = --version ] && echo 'postgres (PostgreSQL) %s' && exit\nexit 1\n", version)
}

func TestNamedServer(t *testing.T) {
	t.Parallel()
	ctx, root := testContext(t), t.TempDir()
	fakeServer(t, filepath.Join(root, "17", "bin"), "17.5", "initdb")
	fakeServer(t, filepath.Join(root, "14", "bin"), "14.2", "initdb")
	opts := &Options{Postgres: filepath.Join(root, "17")}

	for _, major := range []int{0, 17} {
		s, err := chooseServer(ctx, account{}, major, opts)
		require.NoError(t, err)
		require.Equal(t, server{programs: filepath.Join(root, "17", "bin"), major: 17}, s)
	}
	_, err := chooseServer(ctx, account{}, 16, opts)
	require.ErrorContains(t, err, "has PostgreSQL 17, and the databases were made by PostgreSQL 16")
	_, err = chooseServer(ctx, account{}, 0, &Options{Postgres: filepath.Join(root, "14")})
	require.ErrorContains(t, err, "has PostgreSQL 14, and 15 or newer is needed")
	_, err = chooseServer(ctx, account{}, 0, &Options{Postgres: filepath.Join(root, "17", "bin")})
	require.ErrorContains(t, err, "no bin with a server")
}

func TestNewestServerIsTaken(t *testing.T) {
	t.Parallel()
	ctx, root := testContext(t), t.TempDir()
	folders := []string{
		fakeServer(t, filepath.Join(root, "16"), "16.9 (Debian 16.9-1)", "initdb"),
		fakeServer(t, filepath.Join(root, "17"), "17rc1", "initdb"),
		fakeServer(t, filepath.Join(root, "14"), "14.2", "initdb"),
		fakeServer(t, filepath.Join(root, "18"), "18.1"), // without initdb
		fakeServer(t, filepath.Join(root, "99"), "unknown", "initdb"),
		filepath.Join(root, "missing"),
	}

	best, err := newest(ctx, folders, account{}, 0)
	require.NoError(t, err)
	require.Equal(t, server{programs: folders[1], major: 17}, best)

	same, err := newest(ctx, folders, account{}, 16)
	require.NoError(t, err)
	require.Equal(t, 16, same.major)

	_, err = newest(ctx, folders, account{}, 14)
	require.ErrorIs(t, err, errNoServer)
}
