// Command withsandbox runs another command against a sandbox of its own, which
// is forgotten afterwards. The command finds its address in ESOZ_URL:
//
//	go run ./internal/sandbox/withsandbox python3 docs/quickstarts/python/quickstart.py
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"esoz/internal/sandbox"
)

const longest = 10 * time.Minute // of a run: nothing in CI waits for ever

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: withsandbox COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, longest)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "withsandbox:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command []string, out, faults io.Writer) error {
	return sandbox.With(ctx, os.Environ(), func(ctx context.Context, at sandbox.Addresses) error {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // the command is what this program is for
		cmd.Env = append(os.Environ(), "ESOZ_URL="+at.BaseURL)
		cmd.Stdout, cmd.Stderr = out, faults
		cmd.WaitDelay = 5 * time.Second
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w", command[0], err)
		}
		return nil
	})
}
