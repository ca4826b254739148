// Command withsandbox runs another command against a sandbox of its own, which
// is forgotten afterwards. The command finds its address in ESOZ_URL:
//
//	go run ./internal/withsandbox python3 docs/quickstarts/python/quickstart.py
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
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
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready, ended := make(chan sandbox.Addresses, 1), make(chan error, 1)
	go func() {
		ended <- sandbox.Run(ctx, sandbox.Options{
			Ephemeral: true, Listen: "127.0.0.1:0", Environ: os.Environ(), Out: io.Discard,
			Logger: slog.New(slog.DiscardHandler), Ready: func(at sandbox.Addresses) { ready <- at },
		})
	}()
	select {
	case err := <-ended:
		return err
	case at := <-ready:
		cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // the command is what this program is for
		cmd.Env = append(os.Environ(), "ESOZ_URL="+at.BaseURL)
		cmd.Stdout, cmd.Stderr = out, faults
		cmd.WaitDelay = 5 * time.Second
		err := cmd.Run()
		if err != nil {
			err = fmt.Errorf("%s: %w", command[0], err)
		}
		cancel()
		return errors.Join(err, <-ended)
	}
}
