package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/uaddresses"
)

type importKATOTTGCommand struct {
	File string `arg:"" type:"existingfile" help:"Codifier as CSV: five codes, category and name. UTF-8, UTF-16 and windows-1251 are read, with semicolons, commas or tabs."`
}

// Run loads the file, shows how far it is, and lists the rows that were passed over.
func (c importKATOTTGCommand) Run(ctx context.Context) (err error) {
	// Not a flag: everybody on the machine sees those of others.
	databaseURL, err := config.DatabaseURLOf(os.Environ())
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("open the codifier: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("open the codifier: %w", err)
	}
	pool, err := postgres.Open(ctx, databaseURL, 1)
	if err != nil {
		return err
	}
	defer pool.Close()

	var reader io.Reader = file
	if isatty.IsTerminal(os.Stderr.Fd()) {
		bar := progressbar.DefaultBytes(info.Size(), "importing")
		defer func() { err = errors.Join(err, bar.Close()) }()
		reader = io.TeeReader(file, bar)
	}
	report, err := uaddresses.Import(ctx, pool, reader, clock.New().Now())
	for _, bad := range report.Bad {
		fmt.Fprintln(os.Stdout, bad)
	}
	if err != nil {
		return fmt.Errorf("import %s: %w", c.File, err)
	}
	show(os.Stdout, report)
	return nil
}

func show(out io.Writer, report uaddresses.Report) {
	fmt.Fprintf(out, "read as %s with the separator %q\n", report.Encoding, report.Separator)
	fmt.Fprintf(out, "%d rows read, %d of them passed over; of the areas, regions and settlements %d are new and %d have changed\n",
		report.Rows, len(report.Bad), report.Inserted, report.Changed)
	for _, category := range slices.Sorted(maps.Keys(report.Categories)) {
		fmt.Fprintf(out, "  %s %d\n", category, report.Categories[category])
	}
}
