// Command esoz-sandbox runs the whole system on a laptop or in CI with one
// command: databases, a seeded world, the API and its reference.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"esoz/internal/app"
	"esoz/internal/config"
	"esoz/internal/sandbox"
	"esoz/internal/sandbox/engines"
)

type flags struct {
	Data      string `default:".esoz" help:"Folder in which the databases live." type:"path" placeholder:"DIR"`
	Ephemeral bool   `help:"Use a temporary folder and forget it."`
	Listen    string `default:"127.0.0.1:8080" help:"Address of the API." placeholder:"ADDR"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	var f flags
	kong.Parse(&f, kong.Name("esoz-sandbox"), kong.UsageOnError(),
		kong.Description("Ukraine's eHealth API (ЕСОЗ) with databases and a seeded world, in one process."))
	err := sandbox.Run(ctx, sandbox.Options{
		Dir: f.Data, Ephemeral: f.Ephemeral, Listen: f.Listen, Environ: os.Environ(), Out: os.Stdout,
		Logger: app.NewLogger(os.Stderr, &config.Config{LogLevel: logLevel(), LogFormat: config.LogAuto}),
	})
	if inUse := (*engines.InUseError)(nil); errors.As(err, &inUse) {
		err = fmt.Errorf("%w; choose another one with --data", inUse)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "esoz-sandbox:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}

// logLevel is warn unless LOG_LEVEL says otherwise: the banner is what people
// look at. A wrong value is reported with the rest of the configuration.
func logLevel() config.LogLevel {
	var level config.LogLevel
	if err := level.UnmarshalText([]byte(os.Getenv("LOG_LEVEL"))); err != nil {
		_ = level.UnmarshalText([]byte("warn")) // a constant
	}
	return level
}
