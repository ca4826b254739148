package engines

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
	"github.com/stretchr/testify/require"
)

// fakeServer makes a folder that passes for the programs of a PostgreSQL.
func fakeServer(t *testing.T, folder, version string, programs ...string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(folder, 0o755))
	script := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = --version ] && echo 'postgres (PostgreSQL) %s' && exit\nexit 1\n", version)
	for _, program := range append(programs, "postgres") {
		require.NoError(t, os.WriteFile(filepath.Join(folder, program), []byte(script), 0o755))
	}
	return folder
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

// TestDownload serves an archive shaped like those of Maven Central. Inside is
// testdata/postgres.txz: bin/initdb, bin/pg_ctl and bin/postgres of fakeServer,
// version 17.5, packed by tar -cJf.
func TestDownload(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	packed, err := os.ReadFile(filepath.Join("testdata", "postgres.txz"))
	require.NoError(t, err)
	var jar bytes.Buffer
	archive := zip.NewWriter(&jar)
	entry, err := archive.Create("postgres.txz")
	require.NoError(t, err)
	_, err = entry.Write(packed)
	require.NoError(t, err)
	require.NoError(t, archive.Close())

	asked := 0
	repository := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			http.NotFound(w, r)
			return
		}
		asked++
		_, _ = w.Write(jar.Bytes())
	}))
	t.Cleanup(repository.Close)
	config := embeddedpostgres.DefaultConfig().BinaryRepositoryURL(repository.URL)
	cache := filepath.Join(t.TempDir(), "cache")

	for range 2 { // the second finds it in the cache
		got, err := download(ctx, config, cache, 0, func(step string) { t.Log(step) })
		require.NoError(t, err)
		require.Equal(t, server{programs: filepath.Join(cache, "postgresql-17.5.0", "bin"), major: 17}, got)
	}
	require.Equal(t, 1, asked)
	left, err := os.ReadDir(cache)
	require.NoError(t, err)
	require.Len(t, left, 1)

	_, err = download(ctx, config.BinaryRepositoryURL(repository.URL+":1"), cache, 16, func(string) {})
	require.ErrorContains(t, err, "apt install postgresql")
	_, err = download(ctx, config, cache, 99, func(string) {})
	require.ErrorContains(t, err, "PostgreSQL 99")
}
