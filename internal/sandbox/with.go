package sandbox

import (
	"context"
	"errors"
	"io"
	"log/slog"
)

// With starts a sandbox that is forgotten afterwards, on a port of its own, and
// stops it when use returns. The context of use ends when the sandbox does.
func With(ctx context.Context, environ []string, use func(ctx context.Context, at Addresses) error) (err error) {
	running, stop := context.WithCancel(ctx)
	ready, ended := make(chan Addresses, 1), make(chan error, 1)
	go func() {
		defer stop()
		ended <- Run(running, Options{
			Ephemeral: true, Listen: "127.0.0.1:0", Environ: environ, Out: io.Discard,
			Logger: slog.New(slog.DiscardHandler), Ready: func(at Addresses) { ready <- at },
		})
	}()
	select {
	case err := <-ended:
		return errors.Join(err, ctx.Err())
	case at := <-ready:
		defer func() { // also when a test gives up in use
			stop()
			err = errors.Join(err, <-ended)
		}()
		return use(running, at)
	}
}
