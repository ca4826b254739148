package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// leftOut are the files of a system that an image does without.
var leftOut = regexp.MustCompile(`^(` + strings.Join([]string{
	// each installation's own: keys, passwords, names, a cluster, logs, caches
	`etc/ssl/private/.*`, `etc/ssl/certs/ssl-cert-snakeoil\.pem`, `etc/(group|passwd|shadow|gshadow|subuid|subgid)-`, `etc/g?shadow`, `etc/\.pwd\.lock`,
	`etc/(hostname|hosts|resolv\.conf|machine-id)`, `etc/postgresql/.*`, `var/lib/postgresql/.*`, `var/(cache|log|tmp|mail|spool)/.*`,
	`var/lib/apt/.*`, `var/lib/systemd/.*`, `var/lib/dpkg/.*-old`, `var/lib/dpkg/lock.*`, `(dev|proc|sys|run|tmp|root|home|boot)/.*`,
	// for people at a terminal
	`usr/share/(man|info|locale|lintian|doc-base)/.*`, `usr/share/doc/[^/]*/.*`,
	// 150 MB that compile the queries of warehouses; PostgreSQL does without when the first is not there
	`usr/lib/postgresql/[^/]*/lib/llvmjit.*`, `usr/lib/postgresql/[^/]*/lib/bitcode/.*`, `usr/lib/[^/]*/libLLVM.*`,
}, "|") + `)$`)

// terms are kept though they are among the documents.
var terms = regexp.MustCompile(`^usr/share/doc/[^/]*/copyright$`)

func isLeftOut(path string) bool { return leftOut.MatchString(path) && !terms.MatchString(path) }

// systemLayer packs a system. Files belong to root, and none runs as another user than who starts it.
func (s *sources) systemLayer(file string) (v1.Layer, error) {
	return s.layer(file, func(l *layerWriter) error {
		return filepath.WalkDir(s.rootfs, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return fmt.Errorf("walk through the system: %w", err)
			}
			relative, err := filepath.Rel(s.rootfs, path)
			if err != nil {
				return fmt.Errorf("walk through the system: %w", err)
			}
			relative = filepath.ToSlash(relative)
			if relative == "." {
				return nil
			}
			if isLeftOut(relative) {
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			if err := l.copy(path, relative, entry); err != nil || !entry.IsDir() {
				return err
			}
			if isLeftOut(relative+"/x") && isLeftOut(relative+"/copyright") { // it may be closed to us
				return fs.SkipDir
			}
			return nil
		})
	})
}

// programLayer packs the sandbox with its user and a folder for its data.
func (s *sources) programLayer(file string) (v1.Layer, error) {
	passwd, err := s.withLine("etc/passwd", fmt.Sprintf("esoz:x:%[1]d:%[1]d:esoz:%s:/usr/sbin/nologin\n", user, data))
	if err != nil {
		return nil, err
	}
	group, err := s.withLine("etc/group", fmt.Sprintf("esoz:x:%d:\n", user))
	if err != nil {
		return nil, err
	}
	return s.layer(file, func(l *layerWriter) error {
		return errors.Join(
			l.add(tar.Header{Typeflag: tar.TypeDir, Name: "data/", Mode: 0o700, Uid: user, Gid: user}, nil),
			l.add(tar.Header{Name: "etc/group", Mode: 0o644}, group),
			l.add(tar.Header{Name: "etc/passwd", Mode: 0o644}, passwd),
			l.addFile("usr/local/bin/esoz-sandbox", filepath.Join(s.programs, "esoz-sandbox"), 0o755),
			l.addFile("usr/share/doc/esoz-sandbox/copyright", filepath.Join(s.docs, "LICENSE"), 0o644),
			l.addFile("usr/share/doc/esoz-sandbox/THIRD-PARTY-LICENSES.txt", filepath.Join(s.programs, "..", "THIRD-PARTY-LICENSES.txt"), 0o644),
			l.addFile("usr/share/doc/esoz-sandbox/esoz-sandbox.cdx.json", filepath.Join(s.programs, "esoz-sandbox.cdx.json"), 0o644),
		)
	})
}

// withLine is a file of the system with one line more.
func (s *sources) withLine(name, line string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(s.rootfs, name))
	if err != nil {
		return nil, fmt.Errorf("read the system's %s: %w", name, err)
	}
	return append(text, line...), nil
}

// layer writes a layer into a file.
func (s *sources) layer(file string, fill func(*layerWriter) error) (v1.Layer, error) {
	out, err := os.Create(file)
	if err != nil {
		return nil, fmt.Errorf("write a layer: %w", err)
	}
	packer := gzip.NewWriter(out)
	l := &layerWriter{archive: tar.NewWriter(packer), time: s.time}
	err = fill(l)
	if err := errors.Join(err, l.archive.Close(), packer.Close(), out.Close()); err != nil {
		return nil, fmt.Errorf("write a layer: %w", err)
	}
	layer, err := tarball.LayerFromFile(file, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, fmt.Errorf("read a layer: %w", err)
	}
	return layer, nil
}

type layerWriter struct {
	archive *tar.Writer
	time    time.Time
}

// copy adds a file of a system.
func (l *layerWriter) copy(path, name string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return fmt.Errorf("look at %s: %w", path, err)
	}
	mode := int64(info.Mode().Perm())
	if info.Mode()&fs.ModeSticky != 0 {
		mode |= 0o1000
	}
	switch info.Mode().Type() {
	case fs.ModeDir:
		return l.add(tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: mode}, nil)
	case fs.ModeSymlink:
		target, err := os.Readlink(path)
		if err != nil {
			return fmt.Errorf("read a link: %w", err)
		}
		if strings.HasSuffix(target, "ssl-cert-snakeoil.pem") {
			return nil // leads to what is left out
		}
		return l.add(tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}, nil)
	case 0:
		return l.addFile(name, path, mode)
	}
	return nil // devices and sockets are the runtime's
}

func (l *layerWriter) addFile(name, source string, mode int64) error {
	content, err := os.ReadFile(source)
	if err != nil {
		return fmt.Errorf("read %s: %w", source, err)
	}
	return l.add(tar.Header{Name: name, Mode: mode}, content)
}

func (l *layerWriter) add(header tar.Header, content []byte) error {
	header.ModTime, header.Size = l.time, int64(len(content))
	if err := l.archive.WriteHeader(&header); err != nil {
		return fmt.Errorf("pack %s: %w", header.Name, err)
	}
	if _, err := io.Copy(l.archive, bytes.NewReader(content)); err != nil {
		return fmt.Errorf("pack %s: %w", header.Name, err)
	}
	return nil
}
