// Command examples records what a sandbox answers to the cases that the contract shows as examples, into
// openapi/examples, one file for each operation. The bundler takes the examples of the contract from there.
//
// Run it in the module's root, then make generate: go run ./internal/sandbox/examples.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

const (
	sourceDir   = "openapi/src"
	examplesDir = "openapi/examples"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "examples:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}

func run(ctx context.Context) error {
	wanted, err := wantedCases(sourceDir)
	if err != nil {
		return err
	}
	recorded, err := record(ctx)
	if err != nil {
		return err
	}
	files, err := recorded.files(wanted)
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(examplesDir, "*.yaml"))
	if err != nil {
		return fmt.Errorf("list the old files: %w", err)
	}
	for _, name := range old {
		if files[filepath.Base(name)] == nil {
			err = errors.Join(err, os.Remove(name))
		}
	}
	for name, content := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(examplesDir, name), content, 0o644))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", examplesDir, err)
	}
	return nil
}
