// Command esoz-conformance finds out whether a server keeps the contract: ours,
// another team's, or a proxy to pre-production.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"path"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"esoz/internal/conformance"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/completion"
	"esoz/openapi"
)

type flags struct {
	BaseURL    string           `required:"" placeholder:"URL" help:"Address of the API, without /api."`
	World      string           `placeholder:"FILE" help:"Read the cases from this file, in the format of GET /_sandbox/world. Default: the cases of the server, or the built-in ones."`
	TokenFile  string           `placeholder:"FILE" help:"JSON object that maps tokens of the world (by name or value) and API-keys to the ones of this server."`
	Operations []string         `placeholder:"ID,ID" help:"Test only these operations."`
	Rules      []string         `placeholder:"ID,ID" help:"Test only these rules. * matches any text: division.create.*"`
	Order      int              `default:"1000" placeholder:"N" help:"Send at most this many requests per operation that break two rules at once (${default}; 0: none)."`
	KeepWorld  bool             `help:"Do not call /_sandbox/reset and /_sandbox/config. Cases that need settings are skipped."`
	Worlds     int              `placeholder:"N" help:"Make the checks side by side in this many worlds of a sandbox, whose own world is left as it is (0: in its own)."`
	Timeout    time.Duration    `default:"30s" help:"Longest wait for one answer (${default})."`
	Junit      string           `name:"junit" placeholder:"FILE" help:"Write the results as JUnit XML."`
	HTML       string           `name:"html" placeholder:"FILE" help:"Write the results as an HTML page."`
	Version    kong.VersionFlag `help:"Print the version and the commit."`
	Completion completion.Flag  `placeholder:"SHELL" help:"Print completions for bash, zsh or fish."`
	Verbose    bool             `short:"v" help:"Print every rule and every miss. Default: rules that were not met, and the first misses."`
}

const description = `Sends documented cases to a server and checks the answers: status, texts, invalid[], the order of checks, and the schema of the contract.

A sandbox is reset before, between and after the cases. Its data are lost, unless --keep-world is given.

Exit codes: 0 every request was answered as documented; 1 at least one was not, or a check has no case and no --world was given; 2 a flag is wrong, or an operation or rule is unknown; 3 the world or token file cannot be used, or a report cannot be written; 4 the server does not answer; 5 the first answer is not JSON (a later one counts as a miss); 130 interrupted.`

// Exit codes.
const (
	exitMiss        = 1
	exitUsage       = 2
	exitFile        = 3
	exitNoAnswer    = 4
	exitNotJSON     = 5
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code) //nolint:gocritic // stop has run
}

// exit is what ends a run before there are results.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string { return e.err.Error() }

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	code, err := conform(ctx, args, out, errOut)
	if err == nil {
		return code
	}
	var e *exit
	switch {
	case ctx.Err() != nil:
		code, err = exitInterrupted, errors.New("interrupted")
	case errors.As(err, &e):
		code = e.code
	case errors.Is(err, conformance.ErrWorld):
		code = exitFile
	case errors.Is(err, conformance.ErrNotJSON):
		code = exitNotJSON
	case errors.Is(err, conformance.ErrUnknown):
		code = exitUsage
	default:
		code = exitNoAnswer
	}
	fmt.Fprintln(errOut, "esoz-conformance:", err)
	return code
}

func conform(ctx context.Context, args []string, out, errOut io.Writer) (code int, err error) {
	var f flags
	helped := false
	parser, err := kong.New(&f, kong.Name("esoz-conformance"), kong.Description(description),
		kong.Vars{"version": "esoz-conformance " + openapi.Version()},
		kong.Writers(out, errOut), kong.Exit(func(int) { helped = true }))
	if err != nil {
		return 0, fmt.Errorf("read the flags: %w", err)
	}
	_, err = parser.Parse(args)
	if helped {
		return 0, nil
	}
	if err == nil {
		err = f.check()
	}
	if err != nil {
		return 0, &exit{exitUsage, fmt.Errorf("%w (--help lists the flags)", err)}
	}
	if err := errors.Join(writable(f.Junit), writable(f.HTML)); err != nil {
		return 0, &exit{exitFile, err}
	}
	options, err := f.options()
	if err != nil {
		return 0, err
	}
	options.Progress = progress(errOut)
	results, err := conformance.Run(ctx, options)
	if err != nil {
		return 0, err //nolint:wrapcheck // it says what was being done
	}
	if err := results.WriteTable(out, f.Verbose); err != nil {
		return 0, &exit{exitFile, err}
	}
	rep := results.Report()
	if err := errors.Join(write(f.Junit, rep.WriteJUnit), write(f.HTML, rep.WriteHTML)); err != nil {
		return 0, &exit{exitFile, err}
	}
	if !results.Conforms() {
		return exitMiss, nil
	}
	return 0, nil
}

func (f *flags) check() error {
	address, err := url.Parse(f.BaseURL)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
		return errors.New("--base-url: want http://… or https://…")
	}
	if path.Base(address.Path) == "api" {
		return errors.New("--base-url: leave out /api, it is part of the paths of the contract")
	}
	if f.Order < 0 || f.Timeout <= 0 {
		return errors.New("--order and --timeout must not be negative")
	}
	for _, pattern := range f.Rules {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("--rules: %q is not a pattern", pattern)
		}
	}
	return nil
}

func (f *flags) options() (conformance.Options, error) {
	o := conformance.Options{
		BaseURL: f.BaseURL, Operations: f.Operations, Rules: f.Rules, Order: f.Order,
		KeepWorld: f.KeepWorld, Worlds: f.Worlds, Timeout: f.Timeout, Clock: clock.New(),
	}
	contract, err := conformance.Contract()
	if err != nil {
		return o, err //nolint:wrapcheck // it says what was being done
	}
	err = errors.Join(
		read(f.World, func(r io.Reader) (err error) { o.World, err = conformance.ReadWorld(r, contract); return err }),
		read(f.TokenFile, func(r io.Reader) (err error) { o.Tokens, err = conformance.ReadTokens(r); return err }),
	)
	if err != nil {
		return o, &exit{exitFile, err}
	}
	return o, nil
}

// read reads a file; an empty name reads nothing.
func read(name string, with func(io.Reader) error) error {
	if name == "" {
		return nil
	}
	file, err := os.Open(name) //nolint:gosec // the file that the user names
	if err != nil {
		return err //nolint:wrapcheck // it names the file
	}
	defer file.Close() //nolint:errcheck // only read
	if err := with(file); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// writable finds out before a run whether its report can be written after it.
func writable(name string) error {
	if name == "" {
		return nil
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o644) //nolint:gosec // the file that the user names
	if err != nil {
		return err //nolint:wrapcheck // it names the file
	}
	return file.Close()
}

// write writes a file; an empty name writes nothing.
func write(name string, with func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name) //nolint:gosec // the file that the user names
	if err != nil {
		return err //nolint:wrapcheck // it names the file
	}
	return errors.Join(with(file), file.Close())
}

// progress shows a bar on a terminal.
func progress(out io.Writer) func(done, total int) {
	if file, ok := out.(*os.File); !ok || !isatty.IsTerminal(file.Fd()) {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(done, total int) {
		if bar == nil {
			bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription("requests"),
				progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
		}
		_ = bar.Set(done) // a terminal that went away
	}
}
