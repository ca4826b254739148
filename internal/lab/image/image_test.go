package main

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"
)

// written writes an image of a small system, whose files are as old as age and have what each installation makes anew.
func written(t *testing.T, age time.Duration, anew string) (out string, img v1.Image) {
	t.Helper()
	base, out := t.TempDir(), t.TempDir()
	put := func(name, text string, mode os.FileMode) {
		path := filepath.Join(base, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		require.NoError(t, os.Chmod(path, mode))
		require.NoError(t, os.Chtimes(path, time.Now().Add(-age), time.Now().Add(-age)))
	}
	for _, name := range []string{
		"etc/ssl/private/ssl-cert-snakeoil.key", "etc/shadow", "etc/passwd-", "etc/resolv.conf", "etc/hostname", "var/log/dpkg.log", "var/cache/apt/x.deb",
		"var/lib/postgresql/15/main/PG_VERSION", "etc/postgresql/15/main/postgresql.conf", "var/lib/dpkg/status-old", "tmp/x", "root/.bashrc", "usr/share/man/man1/x.1",
		"usr/share/doc/x/changelog", "usr/share/doc/x/examples/y", "usr/lib/x86_64-linux-gnu/libLLVM-14.so.1", "usr/lib/postgresql/15/lib/llvmjit.so",
	} {
		put("rootfs/"+name, anew, 0o644)
	}
	put("rootfs/etc/passwd", "root:x:0:0::/root:/bin/sh\n", 0o644)
	put("rootfs/etc/group", "root:x:0:\n", 0o644)
	put("rootfs/usr/share/doc/x/copyright", "terms", 0o644)
	put("rootfs/usr/bin/su", "su", 0o755|os.ModeSetuid)
	put("rootfs/usr/lib/postgresql/15/lib/plpgsql.so", "so", 0o644)
	put("rootfs/var/lib/dpkg/status", "status", 0o644)
	require.NoError(t, os.Symlink("usr/bin", filepath.Join(base, "rootfs", "bin")))
	put("LICENSE", "Apache", 0o644)
	put("programs/THIRD-PARTY-LICENSES.txt", "MIT", 0o644)
	put("programs/linux_amd64/esoz-sandbox", "program", 0o700)
	put("programs/linux_amd64/esoz-sandbox.cdx.json", "{}", 0o600)
	s := sources{
		rootfs: filepath.Join(base, "rootfs"), programs: filepath.Join(base, "programs/linux_amd64"), docs: base,
		version: "1.2.3", revision: "abc", time: time.Unix(1_790_000_000, 0).UTC(),
	}
	require.NoError(t, s.write(out, io.Discard))
	index, err := layout.ImageIndexFromPath(filepath.Join(out, "oci"))
	require.NoError(t, err)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 1)
	img, err = index.Image(manifest.Manifests[0].Digest)
	require.NoError(t, err)
	return out, img
}

func TestImageIsTheSameTwice(t *testing.T) {
	t.Parallel()
	out, first := written(t, 0, "one")
	_, second := written(t, 100*time.Hour, "two")
	require.NoError(t, validate.Image(first))
	one, err := first.Digest()
	require.NoError(t, err)
	two, err := second.Digest()
	require.NoError(t, err)
	require.Equal(t, one, two)

	files, err := filepath.Glob(filepath.Join(out, "esoz-sandbox_1.2.3_linux_*.docker.tar"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	loaded, err := tarball.ImageFromPath(files[0], nil)
	require.NoError(t, err)
	want, err := first.ConfigName()
	require.NoError(t, err)
	got, err := loaded.ConfigName()
	require.NoError(t, err)
	require.Equal(t, want, got, "docker loads the same image")
}

func TestImageHoldsWhatRuns(t *testing.T) {
	t.Parallel()
	_, img := written(t, 0, "secret")
	headers, contents := map[string]*tar.Header{}, map[string]string{}
	files := mutate.Extract(img)
	defer files.Close()
	for archive := tar.NewReader(files); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		text, err := io.ReadAll(archive)
		require.NoError(t, err)
		require.NotContains(t, string(text), "secret", header.Name)
		headers[filepath.Clean(header.Name)], contents[filepath.Clean(header.Name)] = header, string(text)
	}
	require.Equal(t, "program", contents["usr/local/bin/esoz-sandbox"])
	require.Equal(t, "terms", contents["usr/share/doc/x/copyright"])
	require.Equal(t, "root:x:0:0::/root:/bin/sh\nesoz:x:1000:1000:esoz:/data:/usr/sbin/nologin\n", contents["etc/passwd"])
	require.Equal(t, int64(0o755), headers["usr/bin/su"].Mode, "nobody becomes root")
	require.Equal(t, "usr/bin", headers["bin"].Linkname)
	require.Equal(t, user, headers["data"].Uid)
	require.Contains(t, headers, "usr/lib/postgresql/15/lib/plpgsql.so")
	require.Contains(t, headers, "tmp", "folders that are emptied stay")

	config, err := img.ConfigFile()
	require.NoError(t, err)
	require.Equal(t, "1000:1000", config.Config.User)
	require.Equal(t, "Apache-2.0", config.Config.Labels["org.opencontainers.image.licenses"])
	require.Equal(t, "abc", config.Config.Labels["org.opencontainers.image.revision"])

	spec := &specs.Spec{Process: &specs.Process{}, Linux: &specs.Linux{Namespaces: []specs.LinuxNamespace{{Type: specs.UserNamespace}, {Type: specs.NetworkNamespace}}}}
	apply(spec, config.Config, uint32(user), uint32(user), []string{"/tmp"}, nil)
	require.Equal(t, append([]string{"/usr/local/bin/esoz-sandbox"}, config.Config.Cmd...), spec.Process.Args)
	require.Equal(t, specs.User{UID: user, GID: user}, spec.Process.User)
	require.True(t, spec.Root.Readonly)
	require.Equal(t, []specs.LinuxNamespace{{Type: specs.UserNamespace}}, spec.Linux.Namespaces, "the network is the machine's")
	require.Equal(t, "/tmp", spec.Mounts[0].Destination)
	apply(spec, config.Config, user, user, nil, []string{"--ephemeral"})
	require.Equal(t, []string{"/usr/local/bin/esoz-sandbox", "--ephemeral"}, spec.Process.Args)
}

func TestSubordinateIDs(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "subuid")
	require.NoError(t, os.WriteFile(file, []byte("few:100000:1\nenough:200000:65536\nodd:x:65536\n"), 0o600))
	first, err := subordinate(file, "enough")
	require.NoError(t, err)
	require.Equal(t, uint32(200000), first)
	for _, name := range []string{"few", "nobody", "odd"} {
		_, err := subordinate(file, name)
		require.Error(t, err, name)
	}
}
