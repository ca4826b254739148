package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// release is what is made of one commit.
type release struct {
	root     string // of the repository
	programs string // a folder for each platform
	out      string
	version  string
	time     time.Time // of everything in it
	said     io.Writer // what was made

	completions map[string][]byte // by program and shell: esoz.bash
}

var shells = []string{"bash", "zsh", "fish"}

// file is one that we hand out.
type file struct {
	name    string // where it goes, with slashes
	source  string // where it comes from
	content []byte // in place of a source
	mode    os.FileMode
}

func (f file) read() ([]byte, error) {
	if f.source == "" {
		return f.content, nil
	}
	content, err := os.ReadFile(f.source)
	if err != nil {
		return nil, fmt.Errorf("read what is to be packed: %w", err)
	}
	return content, nil
}

func (r *release) pack(ctx context.Context) error {
	built, err := r.built()
	if err != nil {
		return err
	}
	if err := r.complete(ctx); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	var work errgroup.Group
	work.SetLimit(runtime.NumCPU())
	var made []string
	add := func(name string, write func(file string) error) {
		made = append(made, name)
		work.Go(func() error {
			if err := write(filepath.Join(r.out, name)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	for _, p := range built {
		folder := fmt.Sprintf("esoz_%s_%s", r.version, p)
		if p.system == "windows" {
			add(folder+".zip", func(name string) error { return writeFile(name, r.zip(folder, r.files(p))) })
		} else {
			add(folder+".tar.gz", func(name string) error { return writeFile(name, r.tarball(folder, r.files(p))) })
		}
		if p.system == "linux" {
			for _, pack := range r.systemPackages(p) {
				add(pack.file, func(name string) error { return writeFile(name, pack.write) })
			}
		}
	}
	packed, err := r.npm(ctx, built)
	if err := errors.Join(err, work.Wait()); err != nil {
		return err
	}
	return r.sums(append(made, packed...))
}

// built are the platforms that there are programs for.
func (r *release) built() (found []platform, err error) {
	for _, p := range platforms {
		if _, err := os.Stat(filepath.Join(r.programs, p.String())); err == nil {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s holds no programs: run release build", r.programs)
	}
	return found, nil
}

// complete asks the programs that run here for their completions, which are the same on all platforms.
func (r *release) complete(ctx context.Context) error {
	r.completions = map[string][]byte{}
	here := platform{runtime.GOOS, runtime.GOARCH}
	for _, program := range programs {
		for _, shell := range shells {
			text, err := output(ctx, "", filepath.Join(r.programs, here.String(), here.executable(program)), "--completion", shell)
			if err != nil {
				return err
			}
			r.completions[program+"."+shell] = []byte(text + "\n")
		}
	}
	return nil
}

// files are those of an archive.
func (r *release) files(p platform) []file {
	files := []file{
		{name: "LICENSE", source: r.in("LICENSE"), mode: 0o644},
		{name: "THIRD-PARTY-LICENSES.txt", source: filepath.Join(r.programs, "THIRD-PARTY-LICENSES.txt"), mode: 0o644},
		{name: "README.md", source: r.in("README.md"), mode: 0o644},
		{name: "CHANGELOG.md", source: r.in("CHANGELOG.md"), mode: 0o644},
	}
	for _, program := range programs {
		executable := p.executable(program)
		files = append(files,
			file{name: executable, source: r.program(p, program), mode: 0o755},
			file{name: "sbom/" + program + ".cdx.json", source: r.program(p, program) + ".cdx.json", mode: 0o644})
		for _, shell := range shells {
			if p.system != "windows" {
				files = append(files, file{name: "completions/" + program + "." + shell, content: r.completions[program+"."+shell], mode: 0o644})
			}
		}
	}
	if p.system == "linux" {
		files = append(files,
			file{name: "systemd/esoz.service", source: r.in("packaging/esoz.service"), mode: 0o644},
			file{name: "systemd/esoz.env", source: r.in("packaging/linux/esoz.env"), mode: 0o600})
	}
	if p.system != "windows" {
		files = append(files,
			file{name: "backup", source: r.in("packaging/backup"), mode: 0o755},
			file{name: "restore", source: r.in("packaging/restore"), mode: 0o755})
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return files
}

func (r *release) in(name string) string { return filepath.Join(r.root, filepath.FromSlash(name)) }

func (r *release) program(p platform, program string) string {
	return filepath.Join(r.programs, p.String(), p.executable(program))
}

// sums writes the checksums of all that was made.
func (r *release) sums(names []string) error {
	slices.Sort(names)
	return writeFile(filepath.Join(r.out, "SHA256SUMS"), func(out io.Writer) error {
		for _, name := range names {
			sum, size, err := sumOf(filepath.Join(r.out, name))
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(out, "%x  %s\n", sum, name); err != nil {
				return err //nolint:wrapcheck // writeFile says which file
			}
			fmt.Fprintf(r.said, "%x  %s, %.1f MB\n", sum, name, float64(size)/1e6)
		}
		return nil
	})
}

func sumOf(name string) (sum []byte, size int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, fmt.Errorf("sum up: %w", err)
	}
	defer f.Close() //nolint:errcheck // read, not written
	hash := sha256.New()
	if size, err = io.Copy(hash, f); err != nil {
		return nil, 0, fmt.Errorf("sum up %s: %w", name, err)
	}
	return hash.Sum(nil), size, nil
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
