// Command withengines runs another command, such as go test, with one pair of
// engines for all its test processes:
//
//	go run ./internal/testkit/withengines go test ./internal/resource/...
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"esoz/internal/testkit"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: withengines COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "withengines:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command []string) error {
	return testkit.WithEngines(ctx, func(environment []string) error {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // the command is what this program is for
		cmd.Env = append(os.Environ(), environment...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = 5 * time.Second
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w", command[0], err)
		}
		return nil
	})
}
