// Command ours runs the conformance cases against the sandbox at ESOZ_URL, or one of
// its own, writes the reports into bin/ and the number of checks that were met into
// the README.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"time"

	"esoz/internal/conformance"
	"esoz/internal/conformance/report"
	"esoz/internal/platform/clock"
	"esoz/internal/reference/docs/part"
	"esoz/internal/sandbox"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}

func run(ctx context.Context, out io.Writer) error {
	if at := os.Getenv("ESOZ_URL"); at != "" {
		return check(ctx, at, out)
	}
	// The environment's settings are not what is documented.
	return sandbox.With(ctx, nil, func(ctx context.Context, at sandbox.Addresses) error { return check(ctx, at.BaseURL, out) })
}

func check(ctx context.Context, baseURL string, out io.Writer) error {
	results, err := conformance.Run(ctx, conformance.Options{
		BaseURL: baseURL, Order: math.MaxInt, Timeout: 30 * time.Second, Clock: clock.New(), Worlds: runtime.GOMAXPROCS(0),
	})
	if err != nil {
		return err //nolint:wrapcheck // it says what was being done
	}
	rep := results.Report()
	err = errors.Join(
		results.WriteTable(out, false),
		write("bin/conformance.xml", rep.WriteJUnit),
		write("bin/conformance.html", rep.WriteHTML),
	)
	if err != nil {
		return err //nolint:wrapcheck // it says what was being done
	}
	if !results.Conforms() {
		return errors.New("the sandbox does not do what is documented")
	}
	changed, err := part.Replace("README.md", "rules", sentence(results))
	if err != nil {
		return err //nolint:wrapcheck // it names the file
	}
	if changed {
		return errors.New("README.md told other numbers; it is right now: commit it")
	}
	return nil
}

func sentence(r *conformance.Results) string {
	return fmt.Sprintf("**%d of %d documented checks** were met in the last run of `make conformance`: %d requests were answered as documented, "+
		"%d of which break two rules at once and show which is checked first ([docs/conformance.md](docs/conformance.md)).\n",
		r.Met(), len(r.Rules), r.Count(report.Passed), r.Orders())
}

func write(path string, with func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return errors.Join(with(file), file.Close())
}
