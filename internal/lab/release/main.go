// Release makes what people without Go install, from what is committed: archives, packages of Debian and Red Hat, and
// packages of npm, each with the same bytes whenever it is made.
//
//	go -C internal/lab run ./release build PROGRAMS [OS/ARCH ...]
//	go -C internal/lab run ./release pack PROGRAMS RELEASE
//
// build leaves each platform's programs in a folder of its own. make sbom puts lists of parts beside them before pack.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"esoz/openapi"
)

// platform is an operating system and a processor, as Go names them.
type platform struct{ system, processor string }

// platforms are those that we make programs for.
var platforms = []platform{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
}

func (p platform) String() string { return p.system + "_" + p.processor }

// executable is the name of a program's file.
func (p platform) executable(program string) string {
	if p.system == "windows" {
		return program + ".exe"
	}
	return program
}

// programs are what we hand out.
var programs = []string{"esoz", "esoz-sandbox", "esoz-conformance"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, said io.Writer) error {
	if len(args) < 2 {
		return errors.New("usage: release build PROGRAMS [OS/ARCH ...] | release pack PROGRAMS RELEASE")
	}
	root, err := output(ctx, "", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	built, err := filepath.Abs(args[1])
	if err != nil {
		return fmt.Errorf("find %s: %w", args[1], err)
	}
	switch {
	case args[0] == "build":
		chosen, err := choose(args[2:])
		if err != nil {
			return err
		}
		return build(ctx, root, built, chosen, said)
	case args[0] == "pack" && len(args) == 3:
		out, err := filepath.Abs(args[2])
		if err != nil {
			return fmt.Errorf("find %s: %w", args[2], err)
		}
		committed, err := commitTime(ctx, root)
		if err != nil {
			return err
		}
		number, _, _ := strings.Cut(openapi.Version(), " ")
		return (&release{root: root, programs: built, out: out, version: number, time: committed, said: said}).pack(ctx)
	}
	return fmt.Errorf("%q is no command of mine, or has other arguments", args[0])
}

// choose reads platforms as Go writes them, such as linux/amd64; none is all of them.
func choose(names []string) ([]platform, error) {
	if len(names) == 0 {
		return platforms, nil
	}
	chosen := make([]platform, 0, len(names))
	for _, name := range names {
		system, processor, _ := strings.Cut(name, "/")
		p := platform{system, processor}
		if !slices.Contains(platforms, p) {
			return nil, fmt.Errorf("we make no programs for %s", name)
		}
		chosen = append(chosen, p)
	}
	return chosen, nil
}

// commitTime is when what is committed was committed: everything that we make is as old.
func commitTime(ctx context.Context, root string) (time.Time, error) {
	text, err := output(ctx, root, "git", "log", "-1", "--format=%ct")
	if err != nil {
		return time.Time{}, err
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the time of the commit: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// build builds the programs from a clone, so that they know their commit and nothing else is a part of them.
func build(ctx context.Context, root, out string, chosen []platform, said io.Writer) (err error) {
	work, err := os.MkdirTemp("", "esoz-release-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if _, err := output(ctx, "", "git", "clone", "-q", "--no-hardlinks", root, filepath.Join(work, "clone")); err != nil {
		return err
	}
	if err := os.RemoveAll(out); err != nil {
		return fmt.Errorf("empty %s: %w", out, err)
	}
	for _, p := range chosen {
		folder := filepath.Join(out, p.String())
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("make a folder: %w", err)
		}
		args := []string{"build", "-trimpath", "-buildvcs=true", "-ldflags", "-s -w", "-o", folder + string(filepath.Separator)}
		for _, program := range programs {
			args = append(args, "./cmd/"+program)
		}
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = filepath.Join(work, "clone")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOOS="+p.system, "GOARCH="+p.processor)
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("build the programs for %s: %w", p, err)
		}
		fmt.Fprintf(said, "built for %s\n", p)
	}
	return nil
}

// output is what a command prints.
func output(ctx context.Context, folder, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = folder
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(text)), nil
}
