package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// writeSBOM writes the list of a program's parts beside it. It has neither a
// moment nor a serial number: the same program always has the same list.
func writeSBOM(program string, info *debug.BuildInfo, parts []part) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return fmt.Errorf("read the program: %w", err)
	}
	sum := sha256.Sum256(content)
	name := filepath.Base(program)
	whole := cyclonedx.Component{
		BOMRef: "program", Type: cyclonedx.ComponentTypeApplication, Name: name, Version: info.Main.Version,
		Hashes: sha256Hash(sum[:]), Licenses: licencesOf([]string{"Apache-2.0"}),
	}
	goVersion := strings.TrimPrefix(info.GoVersion, "go")
	components := []cyclonedx.Component{{
		BOMRef: purl("std", goVersion), Type: cyclonedx.ComponentTypeLibrary, Name: "std", Version: goVersion,
		PackageURL: purl("std", goVersion), Licenses: licencesOf([]string{"BSD-3-Clause"}),
	}}
	for _, p := range parts {
		component := cyclonedx.Component{
			BOMRef: purl(p.Path, p.Version), Type: cyclonedx.ComponentTypeLibrary, Name: p.Path, Version: p.Version,
			PackageURL: purl(p.Path, p.Version), Licenses: licencesOf(p.licences),
		}
		if sum, ok := strings.CutPrefix(p.Sum, "h1:"); ok {
			raw, err := base64.StdEncoding.DecodeString(sum)
			if err != nil {
				return fmt.Errorf("checksum of %s: %w", p.Path, err)
			}
			component.Hashes = sha256Hash(raw)
		}
		components = append(components, component)
	}
	needs := make([]string, len(components))
	for i, c := range components {
		needs[i] = c.BOMRef
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Component: &whole}
	bom.Components = &components
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: whole.BOMRef, Dependencies: &needs}}

	var text bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom); err != nil {
		return fmt.Errorf("encode the parts of %s: %w", name, err)
	}
	if err := os.WriteFile(program+".cdx.json", text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the parts of %s: %w", name, err)
	}
	return nil
}

func purl(path, version string) string { return "pkg:golang/" + path + "@" + version }

func sha256Hash(sum []byte) *[]cyclonedx.Hash {
	return &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}}
}

// spdx are the names that the classifier has of its own.
var spdx = map[string]string{"BSD-0-Clause": "0BSD", "SQLite": "blessing", "BSD-2-Clause-FreeBSD": "BSD-2-Clause"}

func licencesOf(names []string) *cyclonedx.Licenses {
	all := cyclonedx.Licenses{}
	for _, name := range names {
		if known := spdx[name]; known != "" {
			name = known
		}
		all = append(all, cyclonedx.LicenseChoice{License: &cyclonedx.License{ID: name}})
	}
	return &all
}
