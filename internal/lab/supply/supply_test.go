package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/licenseclassifier/v2/assets"
	"github.com/stretchr/testify/require"
)

// fakeCache is a module cache with one module per licence text.
func fakeCache(t *testing.T, modules map[string]string) string {
	t.Helper()
	cache := t.TempDir()
	for name, text := range modules {
		dir := filepath.Join(cache, "example.com", name+"@v1.0.0")
		require.NoError(t, os.MkdirAll(dir, 0o755))
		if text != "" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "LICENSE.md"), []byte(text), 0o600))
		}
	}
	return cache
}

func text(t *testing.T, file string) string {
	t.Helper()
	raw, err := assets.ReadLicenseFile(file)
	require.NoError(t, err)
	return string(raw)
}

// Only what we have agreed to is let in: not a stricter licence, not a second
// one in the same file, not a module that has none.
func TestLicences(t *testing.T) {
	t.Parallel()
	l, err := newLawyer(fakeCache(t, map[string]string{
		"free":   text(t, "License/Apache-2.0/pristine.txt"),
		"header": text(t, "Header/Apache-2.0/header.txt"),
		"strict": text(t, "License/AGPL-3.0/license.txt"),
		"both":   text(t, "License/ISC/license.txt") + "\n\n" + text(t, "License/GPL-3.0/license.txt"),
		"own":    "All rights reserved.",
		"none":   "",
	}))
	require.NoError(t, err)
	judge := func(name string) (string, error) {
		parts := []cyclonedx.Component{{Name: "example.com/" + name, Version: "v1.0.0"}}
		if err := l.judge(parts); err != nil {
			return "", err
		}
		return (*parts[0].Licenses)[0].License.ID, nil
	}
	for _, name := range []string{"free", "header"} {
		licence, err := judge(name)
		require.NoError(t, err)
		require.Equal(t, "Apache-2.0", licence, name)
	}
	for name, says := range map[string]string{
		"strict": "nobody has agreed to AGPL-3.0", "both": "nobody has agreed to GPL-3.0", "none": "no licence", "own": "no licence", "away": "look for licences",
	} {
		_, err := judge(name)
		require.ErrorContains(t, err, says, name)
	}
}

// The texts of what was judged come with the programs, notices too.
func TestTexts(t *testing.T) {
	t.Parallel()
	cache := fakeCache(t, map[string]string{"free": text(t, "License/ISC/license.txt"), "unused": text(t, "License/Apache-2.0/pristine.txt")})
	require.NoError(t, os.WriteFile(filepath.Join(cache, "example.com", "free@v1.0.0", "NOTICE"), []byte("Made by Free."), 0o600))
	l, err := newLawyer(cache)
	require.NoError(t, err)
	require.NoError(t, l.judge([]cyclonedx.Component{{Name: "example.com/free", Version: "v1.0.0"}}))
	root, embedded, file := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "licences.txt")
	require.NoError(t, os.WriteFile(filepath.Join(root, "LICENSE"), []byte("The Go Authors"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(embedded, "page.LICENSE.txt"), []byte("A page's terms"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(embedded, "page.js"), []byte("no terms"), 0o600))
	require.NoError(t, l.writeTexts(file, root, embedded))
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, says := range []string{"example.com/free v1.0.0: LICENSE.md", "Permission to use", "Made by Free.", "The Go Authors", "A page's terms"} {
		require.Contains(t, string(raw), says)
	}
	require.NotContains(t, string(raw), "example.com/unused")
	require.NotContains(t, string(raw), "no terms")
	require.Error(t, l.writeTexts(file, filepath.Join(root, "away"), embedded))
}

func TestPackages(t *testing.T) {
	t.Parallel()
	lock := filepath.Join(t.TempDir(), "package-lock.json")
	write := func(licence string, dev string) {
		require.NoError(t, os.WriteFile(lock, []byte(`{"packages":{"":{"license":"Apache-2.0"},"node_modules/a":{"license":"MIT"},"node_modules/b":{"license":"`+licence+`","dev":`+dev+`}}}`), 0o600))
	}
	write("ISC", "false")
	count, err := judgePackages(lock)
	require.NoError(t, err)
	require.Equal(t, 2, count)
	write("GPL-3.0-only", "true")
	count, err = judgePackages(lock)
	require.NoError(t, err)
	require.Equal(t, 1, count)
	write("GPL-3.0-only", "false")
	_, err = judgePackages(lock)
	require.ErrorContains(t, err, `b: nobody has agreed to "GPL-3.0-only"`)
}

// A list gets the licences of its parts and keeps the rest.
func TestLists(t *testing.T) {
	t.Parallel()
	l, err := newLawyer(fakeCache(t, map[string]string{"free": text(t, "License/ISC/license.txt"), "strict": text(t, "License/AGPL-3.0/license.txt")}))
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "program.cdx.json")
	write := func(name string) {
		require.NoError(t, os.WriteFile(file, []byte(`{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
			"metadata": {"component": {"type": "application", "name": "esoz", "version": "v1.2.3"}},
			"components": [{"type": "library", "name": "std", "version": "go1.26.8"},
				{"type": "library", "name": "example.com/`+name+`", "version": "v1.0.0", "purl": "pkg:golang/example.com/`+name+`@v1.0.0"}]}`), 0o600))
	}
	write("free")
	n, err := l.judgeList(file)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var list cyclonedx.BOM
	require.NoError(t, json.Unmarshal(raw, &list))
	require.Equal(t, "v1.2.3", list.Metadata.Component.Version)
	require.Equal(t, "Apache-2.0", (*list.Metadata.Component.Licenses)[0].License.ID)
	require.Equal(t, "BSD-3-Clause", (*(*list.Components)[0].Licenses)[0].License.ID)
	require.Equal(t, "ISC", (*(*list.Components)[1].Licenses)[0].License.ID)
	require.Equal(t, "pkg:golang/example.com/free@v1.0.0", (*list.Components)[1].PackageURL)

	write("strict")
	_, err = l.judgeList(file)
	require.ErrorContains(t, err, "nobody has agreed to AGPL-3.0")
}
