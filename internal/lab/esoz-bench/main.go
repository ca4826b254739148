// Command esoz-bench measures the server beside what it can be compared with.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"esoz/internal/lab/bench"
	"esoz/internal/lab/bench/floor"
	"esoz/internal/platform/config"
)

type commands struct {
	Full    fullCommand    `cmd:"" help:"Every benchmark; writes docs/benchmarks.md and what belongs to it. Takes more than an hour, and a quiet machine."`
	Quick   quickCommand   `cmd:"" help:"The same tables in less than three minutes, on the terminal alone."`
	Engines enginesCommand `cmd:"" hidden:""`
	Floor   floorCommand   `cmd:"" hidden:""`
}

// flags of both forms of a run.
type flags struct {
	Only     []string `help:"Benchmarks to run: ${ids}." placeholder:"ID"`
	Dir      string   `default:".bench" help:"Folder of the run, which is emptied." placeholder:"DIR"`
	Codifier string   `type:"existingfile" help:"The national codifier of settlements as CSV, for the growth benchmark; without it the built-in addresses are taken." placeholder:"FILE"`
	NoPeers  bool     `help:"Leave out the mock servers of B1: to look at the server while working on it."`
	MongoURI string   `env:"ESOZ_TEST_MONGODB_URI" help:"A document store in place of the sandbox's FerretDB." placeholder:"URI"`
}

func (f flags) run(ctx context.Context, plan bench.Plan) (*bench.Results, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return bench.Run(ctx, bench.Options{
		Plan: plan, Only: f.Only, Dir: f.Dir, Codifier: f.Codifier, MongoURI: f.MongoURI, NoPeers: f.NoPeers,
		Progress: os.Stderr, Self: self,
	})
}

type quickCommand struct {
	flags
	Round  time.Duration `default:"1s" help:"Length of a round; the mixed flow takes twice as long."`
	Rounds int           `default:"2" help:"Rounds of each contender."`
}

// Run prints the tables.
func (c quickCommand) Run(ctx context.Context) error {
	plan := bench.Quick()
	plan.Round, plan.Rounds, plan.Mixed = c.Round, c.Rounds, 2*c.Round
	results, err := c.run(ctx, plan)
	if err != nil {
		return err
	}
	return results.WriteTables(os.Stdout)
}

type fullCommand struct {
	flags
	Docs  string `default:"docs" help:"Folder of the document." placeholder:"DIR"`
	Draft bool   `help:"Measure as quick does: to look at the document, not at the figures."`
}

// Run writes the document, its charts and the figures themselves.
func (c fullCommand) Run(ctx context.Context) error {
	plan := bench.Full()
	if c.Draft {
		plan = bench.Quick()
	}
	results, err := c.run(ctx, plan)
	if err != nil {
		return err
	}
	if err := results.WriteTables(os.Stdout); err != nil {
		return err
	}
	return results.WriteDocument(c.Docs)
}

type enginesCommand struct {
	Data         string `required:""`
	Addresses    string `required:""`
	PostgresOnly bool
}

// Run keeps the engines running.
func (c enginesCommand) Run(ctx context.Context) error {
	return bench.Engines(ctx, c.Data, c.Addresses, c.PostgresOnly)
}

type floorCommand struct{}

// Run serves without checks.
func (floorCommand) Run(ctx context.Context) error {
	cfg, err := config.Load(os.Environ())
	if err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	return floor.Run(ctx, cfg)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	var c commands
	command := kong.Parse(&c, kong.Name("esoz-bench"), kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Description("Benchmarks of the server, beside a bare one, pgbench, Prism, Specmatic and WireMock."), kong.Vars{"ids": bench.IDs()})
	if err := command.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "esoz-bench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}
