package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	classifier "github.com/google/licenseclassifier/v2"
	"github.com/google/licenseclassifier/v2/assets"
	"golang.org/x/mod/module"
)

// agreed are the licences under which others' code may be a part of ours
// (Apache-2.0): they ask for their text to be kept, and, MPL-2.0, for changes to
// their own files to be published. We change none.
var agreed = map[string]bool{
	"Apache-2.0": true, "MIT": true, "BSD-2-Clause": true, "BSD-3-Clause": true, "ISC": true, "MPL-2.0": true,
	"0BSD": true, "BSD-0-Clause": true, "CC0-1.0": true, "Unlicense": true, "Zlib": true,
	"BSD-2-Clause-FreeBSD": true, "SQLite": true, "blessing": true, "PostgreSQL": true, "XZ": true, // XZ: public domain
}

// lawyer reads the licences that modules bring with them.
type lawyer struct {
	cache string // Go's module cache
	known *classifier.Classifier
	read  map[string][]string // by folder
	parts map[string]string   // folders by module and version
}

func newLawyer(cache string) (*lawyer, error) {
	known, err := assets.DefaultClassifier()
	if err != nil {
		return nil, fmt.Errorf("read the texts of licences: %w", err)
	}
	return &lawyer{cache: cache, known: known, read: map[string][]string{}, parts: map[string]string{}}, nil
}

// judge adds to the modules in a list of parts their licences, and refuses those
// that we have not agreed to.
func (l *lawyer) judge(modules []cyclonedx.Component) error {
	var refused []error
	for i := range modules {
		m := &modules[i]
		licences, err := l.licences(*m)
		if err != nil {
			refused = append(refused, fmt.Errorf("module %s %s: %w", m.Name, m.Version, err))
			continue
		}
		all := cyclonedx.Licenses{}
		for _, licence := range licences {
			if !agreed[licence] {
				refused = append(refused, fmt.Errorf("%s %s: nobody has agreed to %s", m.Name, m.Version, licence))
			}
			all = append(all, cyclonedx.LicenseChoice{License: &cyclonedx.License{ID: cmp.Or(spdx[licence], licence)}})
		}
		m.Licenses = &all
	}
	return errors.Join(refused...)
}

// spdx has the identifiers of licences that the classifier names otherwise.
var spdx = map[string]string{"BSD-0-Clause": "0BSD", "SQLite": "blessing", "BSD-2-Clause-FreeBSD": "BSD-2-Clause"}

func (l *lawyer) licences(m cyclonedx.Component) ([]string, error) {
	if m.Name == "std" { // Go's own library, which is in no module cache
		return []string{"BSD-3-Clause"}, nil
	}
	path, err := module.EscapePath(m.Name)
	if err != nil {
		return nil, fmt.Errorf("find its folder: %w", err)
	}
	version, err := module.EscapeVersion(m.Version)
	if err != nil {
		return nil, fmt.Errorf("find its folder: %w", err)
	}
	dir := filepath.Join(l.cache, filepath.FromSlash(path)+"@"+version)
	if l.read[dir] == nil {
		if l.read[dir], err = l.licencesIn(dir); err != nil {
			return nil, err
		}
	}
	l.parts[m.Name+" "+m.Version] = dir
	return l.read[dir], nil
}

// licenceFile is the name of a file with terms.
var licenceFile = regexp.MustCompile(`(?i)^((un)?licen[cs]e|copying)`)

// keptFile is the name of a file that must come with the programs.
var keptFile = regexp.MustCompile(`(?i)licen[cs]e|^copying|^notice`)

// writeTexts writes the licences and notices of all parts that were judged, of Go, and of what else is in the programs.
func (l *lawyer) writeTexts(name, goRoot, embedded string) error {
	folders := maps.Clone(l.parts)
	folders["The library of Go"] = goRoot
	for _, folder := range strings.Split(embedded, ",") {
		if folder != "" {
			folders["Pages of the sandbox, "+filepath.Base(folder)] = folder
		}
	}
	var text bytes.Buffer
	text.WriteString("The programs of esoz hold parts by others, under the terms below.\n")
	for _, part := range slices.Sorted(maps.Keys(folders)) {
		entries, err := os.ReadDir(folders[part])
		if err != nil {
			return fmt.Errorf("look for licences: %w", err)
		}
		for _, entry := range entries {
			if entry.IsDir() || !keptFile.MatchString(entry.Name()) {
				continue
			}
			terms, err := os.ReadFile(filepath.Join(folders[part], entry.Name()))
			if err != nil {
				return fmt.Errorf("read a licence: %w", err)
			}
			fmt.Fprintf(&text, "\n%s\n%s: %s\n\n%s\n", strings.Repeat("=", 80), part, entry.Name(), bytes.TrimSpace(terms))
		}
	}
	if err := os.WriteFile(name, text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the licences: %w", err)
	}
	return nil
}

// licencesIn reads the licences in the files of a folder.
func (l *lawyer) licencesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("look for licences: %w", err)
	}
	found := map[string]bool{}
	for _, entry := range entries {
		if entry.IsDir() || !licenceFile.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("read a licence: %w", err)
		}
		for _, match := range l.known.Match(text).Matches {
			if match.MatchType == "License" || match.MatchType == "Header" { // a header says which licence it is
				found[match.Name] = true
			}
		}
	}
	if len(found) == 0 {
		return nil, errors.New("no licence that is known by its text")
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// judgePackages counts the packages in a lock of npm that a program needs to
// run, and refuses those under licences that we have not agreed to.
func judgePackages(file string) (int, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("read the lock of npm: %w", err)
	}
	var lock struct {
		Packages map[string]struct {
			License string `json:"license"`
			Dev     bool   `json:"dev"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(raw, &lock); err != nil {
		return 0, fmt.Errorf("read %s: %w", file, err)
	}
	var refused []error
	count := 0
	for _, name := range slices.Sorted(maps.Keys(lock.Packages)) {
		p := lock.Packages[name]
		if name == "" || p.Dev { // ourselves, and what only builds and tests us
			continue
		}
		count++
		if !agreed[p.License] {
			refused = append(refused, fmt.Errorf("%s: %s: nobody has agreed to %q", file, strings.TrimPrefix(name, "node_modules/"), p.License))
		}
	}
	return count, errors.Join(refused...)
}
