package main

import (
	"debug/buildinfo"
	"os"
	"path/filepath"
	"runtime/debug"
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
	judge := func(name string) ([]part, error) {
		return l.judge([]*debug.Module{{Path: "example.com/" + name, Version: "v1.0.0"}})
	}
	for _, name := range []string{"free", "header"} {
		parts, err := judge(name)
		require.NoError(t, err)
		require.Equal(t, []string{"Apache-2.0"}, parts[0].licences, name)
	}
	for name, says := range map[string]string{
		"strict": "nobody has agreed to AGPL-3.0", "both": "nobody has agreed to GPL-3.0", "none": "no licence", "own": "no licence", "away": "look for licences",
	} {
		_, err := judge(name)
		require.ErrorContains(t, err, says, name)
	}
	replaced, err := l.judge([]*debug.Module{{Path: "example.com/strict", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/free", Version: "v1.0.0"}}})
	require.NoError(t, err)
	require.Equal(t, "example.com/free", replaced[0].Path)
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

// The list of this very program names its modules, and is the same each time.
func TestSBOM(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), "program")
	content, err := os.ReadFile(self)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(program, content, 0o600))
	info, err := buildinfo.ReadFile(program)
	require.NoError(t, err)
	require.NotEmpty(t, info.Deps)
	parts := make([]part, len(info.Deps))
	for i, m := range info.Deps {
		parts[i] = part{actual(m), []string{"MIT"}}
	}
	var lists [2][]byte
	for i := range lists {
		require.NoError(t, writeSBOM(program, info, parts))
		lists[i], err = os.ReadFile(program + ".cdx.json")
		require.NoError(t, err)
	}
	require.Equal(t, lists[0], lists[1])

	file, err := os.Open(program + ".cdx.json")
	require.NoError(t, err)
	defer file.Close()
	var bom cyclonedx.BOM
	require.NoError(t, cyclonedx.NewBOMDecoder(file, cyclonedx.BOMFileFormatJSON).Decode(&bom))
	require.Len(t, *bom.Components, len(info.Deps)+1)
	require.Empty(t, bom.SerialNumber)
	for _, c := range *bom.Components {
		require.NotEmpty(t, c.Version, c.Name)
		require.NotEmpty(t, *c.Licenses, c.Name)
	}
}
