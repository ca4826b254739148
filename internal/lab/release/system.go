package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // registers itself
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm" // registers itself
)

// systemPackage is one of Debian or Red Hat.
type systemPackage struct {
	file  string
	write func(io.Writer) error
}

// completionFolders are where a distribution's shells look.
var completionFolders = map[string]map[string]string{
	"deb": {
		"bash": "/usr/share/bash-completion/completions/%s", "zsh": "/usr/share/zsh/vendor-completions/_%s", "fish": "/usr/share/fish/vendor_completions.d/%s.fish",
	},
	"rpm": {
		"bash": "/usr/share/bash-completion/completions/%s", "zsh": "/usr/share/zsh/site-functions/_%s", "fish": "/usr/share/fish/vendor_completions.d/%s.fish",
	},
}

// systemPackages are the server, and what developers need.
func (r *release) systemPackages(p platform) (all []systemPackage) {
	for _, format := range []string{"deb", "rpm"} {
		server := &nfpm.Info{
			Name: "esoz", Description: "The public API of Ukraine's eHealth system, on your own databases\n" +
				"Settings are in /etc/esoz/esoz.env. The service is neither enabled nor started until you do that.",
			Overridables: nfpm.Overridables{
				Suggests: []string{"postgresql"},
				Scripts:  nfpm.Scripts{PostInstall: r.in("packaging/linux/postinstall"), PreRemove: r.in("packaging/linux/preremove"), PostRemove: r.in("packaging/linux/postremove")},
				Contents: files.Contents{
					{Source: r.in("packaging/esoz.service"), Destination: "/usr/lib/systemd/system/esoz.service", FileInfo: r.info(0o644)},
					{Destination: "/etc/esoz", Type: files.TypeDir, FileInfo: r.info(0o755)},
					{Source: r.in("packaging/linux/esoz.env"), Destination: "/etc/esoz/esoz.env", Type: files.TypeConfigNoReplace, FileInfo: r.info(0o600)},
					{Source: r.in("packaging/backup"), Destination: "/usr/lib/esoz/backup", FileInfo: r.info(0o755)},
					{Source: r.in("packaging/restore"), Destination: "/usr/lib/esoz/restore", FileInfo: r.info(0o755)},
				},
			},
		}
		tools := &nfpm.Info{
			Name: "esoz-sandbox", Description: "Ukraine's eHealth API with databases and a seeded world, in one process\n" +
				"For people who build medical information systems. With esoz-conformance, which tests servers of this API.",
			Overridables: nfpm.Overridables{Suggests: []string{map[string]string{"deb": "postgresql", "rpm": "postgresql-server"}[format]}},
		}
		all = append(all, r.systemPackage(p, format, server, "esoz"), r.systemPackage(p, format, tools, "esoz-sandbox", "esoz-conformance"))
	}
	return all
}

// systemPackage completes a package with programs and what comes with them.
func (r *release) systemPackage(p platform, format string, info *nfpm.Info, names ...string) systemPackage {
	info.Arch, info.Platform, info.Version, info.Release = p.processor, p.system, r.version, "1"
	info.MTime, info.DisableGlobbing = r.time, true
	info.License, info.Maintainer, info.Section, info.Priority = "Apache-2.0", "The esoz authors", "net", "optional"
	info.RPM.BuildHost = "localhost" // not the name of the machine that it was made on
	docs := "/usr/share/doc/" + info.Name
	info.Contents = append(info.Contents,
		&files.Content{Source: r.in("LICENSE"), Destination: docs + "/copyright", FileInfo: r.info(0o644)},
		&files.Content{Source: r.programs + "/THIRD-PARTY-LICENSES.txt", Destination: docs + "/THIRD-PARTY-LICENSES.txt", FileInfo: r.info(0o644)})
	for _, name := range names {
		info.Contents = append(info.Contents,
			&files.Content{Source: r.program(p, name), Destination: "/usr/bin/" + name, FileInfo: r.info(0o755)},
			&files.Content{Source: r.program(p, name) + ".cdx.json", Destination: docs + "/" + name + ".cdx.json", FileInfo: r.info(0o644)})
	}
	info = nfpm.WithDefaults(info)
	packager, err := nfpm.Get(format)
	conventional := info.Name
	if err == nil {
		conventional = packager.ConventionalFileName(info)
	}
	return systemPackage{conventional, func(out io.Writer) (failed error) {
		if err != nil {
			return fmt.Errorf("find the packager: %w", err)
		}
		completions, err := os.MkdirTemp("", "esoz-completions-")
		if err != nil {
			return fmt.Errorf("make a folder: %w", err)
		}
		defer func() { failed = errors.Join(failed, os.RemoveAll(completions)) }()
		for _, name := range names {
			for _, shell := range shells {
				source := completions + "/" + name + "." + shell
				if err := os.WriteFile(source, r.completions[name+"."+shell], 0o600); err != nil {
					return fmt.Errorf("keep completions: %w", err)
				}
				info.Contents = append(info.Contents, &files.Content{
					Source: source, Destination: fmt.Sprintf(completionFolders[format][shell], name), FileInfo: r.info(0o644),
				})
			}
		}
		if err := nfpm.PrepareForPackager(info, format); err != nil {
			return fmt.Errorf("collect the files: %w", err)
		}
		return packager.Package(info, out) //nolint:wrapcheck // writeFile says which file
	}}
}

func (r *release) info(mode os.FileMode) *files.ContentFileInfo {
	return &files.ContentFileInfo{Owner: "root", Group: "root", Mode: mode, MTime: r.time}
}
