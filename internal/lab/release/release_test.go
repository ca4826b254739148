package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var committed = time.Unix(1_790_000_000, 0).UTC()

// made packs what stands for the programs of all platforms, files with other times each time.
func made(t *testing.T, age time.Duration) string {
	t.Helper()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	r := &release{root: root, programs: t.TempDir(), out: t.TempDir(), version: "1.2.3", time: committed, said: io.Discard}
	write := func(name, text string, mode os.FileMode) {
		name = filepath.Join(r.programs, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), mode))
		require.NoError(t, os.Chtimes(name, time.Now().Add(-age), time.Now().Add(-age)))
	}
	write("THIRD-PARTY-LICENSES.txt", "MIT", 0o644)
	for _, p := range platforms {
		for _, program := range programs {
			text := "#!/bin/sh\necho \"" + program + " $*\"\n"
			write(p.String()+"/"+p.executable(program), text, 0o700)
			write(p.String()+"/"+p.executable(program)+".cdx.json", "{}", 0o600)
		}
	}
	require.NoError(t, r.pack(t.Context()))
	return r.out
}

func TestReleaseIsTheSameTwice(t *testing.T) {
	t.Parallel()
	first, second := made(t, 0), made(t, 100*time.Hour)
	sums, err := os.ReadFile(filepath.Join(first, "SHA256SUMS"))
	require.NoError(t, err)
	again, err := os.ReadFile(filepath.Join(second, "SHA256SUMS"))
	require.NoError(t, err)
	require.Equal(t, string(sums), string(again))

	said, err := exec.CommandContext(t.Context(), "sh", "-c", `cd "$0" && sha256sum --quiet -c SHA256SUMS`, first).CombinedOutput()
	require.NoError(t, err, "%s", said)
	entries, err := os.ReadDir(first)
	require.NoError(t, err)
	require.Len(t, entries, 1+strings.Count(string(sums), "\n"), "everything is summed up")
	for _, name := range []string{
		"esoz_1.2.3_linux_amd64.tar.gz", "esoz_1.2.3_darwin_arm64.tar.gz", "esoz_1.2.3_windows_arm64.zip", "esoz_1.2.3-1_amd64.deb", "esoz-1.2.3-1.aarch64.rpm",
		"esoz-sandbox_1.2.3-1_arm64.deb", "esoz-sandbox-1.2.3-1.x86_64.rpm", "esoz-sandbox-1.2.3.tgz", "esoz-sandbox-linux-x64-1.2.3.tgz", "esoz-sandbox-win32-arm64-1.2.3.tgz",
	} {
		require.Contains(t, string(sums), "  "+name+"\n")
	}
	requireArchive(t, filepath.Join(first, "esoz_1.2.3_linux_amd64.tar.gz"))
	requireZip(t, filepath.Join(first, "esoz_1.2.3_windows_amd64.zip"))
	requireNpm(t, first)
	requireDebian(t, filepath.Join(first, "esoz_1.2.3-1_amd64.deb"))
}

// unpacked are the files of a tarball.
func unpacked(t *testing.T, name string) (files map[string]string, headers map[string]*tar.Header) {
	t.Helper()
	raw, err := os.ReadFile(name)
	require.NoError(t, err)
	packed, err := gzip.NewReader(bytes.NewReader(raw))
	require.NoError(t, err)
	files, headers = map[string]string{}, map[string]*tar.Header{}
	for archive := tar.NewReader(packed); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, headers
		}
		require.NoError(t, err)
		content, err := io.ReadAll(archive)
		require.NoError(t, err)
		files[header.Name], headers[header.Name] = string(content), header
	}
}

func requireArchive(t *testing.T, name string) {
	t.Helper()
	files, headers := unpacked(t, name)
	const folder = "esoz_1.2.3_linux_amd64/"
	for _, program := range programs {
		require.Equal(t, int64(0o755), headers[folder+program].Mode)
		for _, shell := range shells {
			require.Equal(t, program+" --completion "+shell+"\n", files[folder+"completions/"+program+"."+shell])
		}
		require.Contains(t, files, folder+"sbom/"+program+".cdx.json")
	}
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md", "THIRD-PARTY-LICENSES.txt", "systemd/esoz.service", "backup", "restore"} {
		require.NotEmpty(t, files[folder+name], name)
	}
	for name, header := range headers {
		require.True(t, header.ModTime.Equal(committed), name)
		require.Zero(t, header.Uid, name)
		require.Empty(t, header.Uname, name)
		require.True(t, strings.HasPrefix(name, folder), name)
	}
}

func requireZip(t *testing.T, name string) {
	t.Helper()
	archive, err := zip.OpenReader(name)
	require.NoError(t, err)
	defer archive.Close()
	names := map[string]bool{}
	for _, f := range archive.File {
		names[f.Name] = true
		require.True(t, f.Modified.Equal(committed), f.Name)
	}
	require.True(t, names["esoz_1.2.3_windows_amd64/esoz-sandbox.exe"])
	require.True(t, names["esoz_1.2.3_windows_amd64/sbom/esoz-sandbox.cdx.json"])
	require.False(t, names["esoz_1.2.3_windows_amd64/systemd/esoz.service"])
}

// Each platform's package has that program and its PostgreSQL, and the launcher asks for all of them.
func requireNpm(t *testing.T, out string) {
	t.Helper()
	read := func(name string) (p npmPackage, files map[string]string) {
		files, headers := unpacked(t, filepath.Join(out, name))
		require.NoError(t, json.Unmarshal([]byte(files["package/package.json"]), &p))
		require.NotEmpty(t, files["package/LICENSE"])
		for _, program := range p.Bin {
			require.Equal(t, int64(0o755), headers["package/"+program].Mode)
		}
		return p, files
	}
	launcher, _ := read("esoz-sandbox-1.2.3.tgz")
	require.Len(t, launcher.Optional, len(platforms))
	for _, p := range platforms {
		described, files := read("esoz-sandbox-" + npmNames[p.system] + "-" + npmNames[p.processor] + "-1.2.3.tgz")
		require.Equal(t, described.Version, launcher.Optional[described.Name])
		require.Contains(t, files, "package/"+p.executable("esoz-sandbox"))
		require.Equal(t, []string{npmNames[p.system]}, described.OS)
		require.Equal(t, []string{npmNames[p.processor]}, described.CPU)
		require.Equal(t, withPostgres[p] != "", described.Dependencies[withPostgres[p]] == postgres, "%s", p)
	}
}

// What dpkg says of a package of Debian.
func requireDebian(t *testing.T, deb string) {
	t.Helper()
	dpkg := func(args ...string) string {
		said, err := exec.CommandContext(t.Context(), "dpkg-deb", args...).CombinedOutput()
		require.NoError(t, err, "%s", said)
		return string(said)
	}
	require.Equal(t, "esoz 1.2.3-1 amd64", dpkg("--showformat", "${Package} ${Version} ${Architecture}", "--show", deb))
	listed := dpkg("--contents", deb)
	for _, line := range []string{
		`-rwxr-xr-x root/root .* \./usr/bin/esoz\n`, `-rw------- root/root .* \./etc/esoz/esoz\.env\n`, `\./usr/lib/systemd/system/esoz\.service\n`,
		`\./usr/share/zsh/vendor-completions/_esoz\n`, `\./usr/share/bash-completion/completions/esoz\n`,
	} {
		require.Regexp(t, line, listed)
	}
	require.NotContains(t, listed, "esoz-sandbox")
	require.Equal(t, "/etc/esoz/esoz.env\n", dpkg("--info", deb, "conffiles"))
	require.Contains(t, dpkg("--info", deb, "prerm"), "disable --now esoz.service")
}

func TestPlatformsAreChosen(t *testing.T) {
	t.Parallel()
	all, err := choose(nil)
	require.NoError(t, err)
	require.Len(t, all, 6)
	some, err := choose([]string{"linux/arm64", "windows/amd64"})
	require.NoError(t, err)
	require.Equal(t, []platform{{"linux", "arm64"}, {"windows", "amd64"}}, some)
	for _, name := range []string{"plan9/386", "linux", ""} {
		_, err := choose([]string{name})
		require.Error(t, err, name)
	}
	require.Contains(t, platforms, platform{runtime.GOOS, runtime.GOARCH}, "completions come from a program that runs here")
}
