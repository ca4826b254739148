package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"esoz/internal/app"
	"esoz/internal/platform/config"
	"esoz/internal/platform/postgres"
)

type holdCommand struct {
	Command []string `arg:"" passthrough:"" help:"The command with its arguments; true only ends a hold that was forgotten."`
}

// Run holds jobs, runs the command and resumes them, however the command ends.
func (c holdCommand) Run(ctx context.Context) error {
	cfg, err := config.Load(os.Environ())
	if err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	pool, err := postgres.Open(ctx, string(cfg.DatabaseURL), 2)
	if err != nil {
		return err
	}
	defer pool.Close()
	return app.Hold(ctx, pool, func(ctx context.Context) error {
		command := exec.CommandContext(ctx, c.Command[0], c.Command[1:]...) //nolint:gosec // the operator's own
		command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
		if err := command.Run(); err != nil {
			return fmt.Errorf("%s: %w", c.Command[0], err)
		}
		return nil
	})
}
