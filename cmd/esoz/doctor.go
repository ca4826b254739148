package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"esoz/internal/app"
	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
)

type doctorCommand struct{}

// errWrong ends the program with a code; what is wrong was printed.
var errWrong = errors.New("something is wrong")

// Run prints what is fine, what is doubtful and what is wrong.
func (doctorCommand) Run(ctx context.Context) error { return examine(ctx, os.Stdout) }

func examine(ctx context.Context, out io.Writer) error {
	wrong := false
	tell := func(f app.Finding) {
		wrong = wrong || f.Grade == app.Wrong
		fmt.Fprintf(out, "%-8s %s\n", f.Grade, strings.TrimSuffix(f.About+": "+f.Text, ": "))
	}
	cfg, err := config.Load(os.Environ())
	if err != nil {
		for _, line := range strings.Split(err.Error(), "\n") {
			tell(app.Finding{About: "settings", Text: line, Grade: app.Wrong})
		}
		return errWrong
	}
	tell(app.Finding{About: "settings", Grade: app.Fine})
	for _, warning := range append(cfg.Warnings(), openFiles()...) {
		tell(app.Finding{About: "settings", Text: warning, Grade: app.Warning})
	}
	findings, err := app.Examine(ctx, cfg)
	for _, f := range findings {
		tell(f)
	}
	if err == nil {
		err = examineDocuments(ctx, cfg)
	}
	if err != nil {
		tell(app.Finding{About: "document store", Text: err.Error(), Grade: app.Wrong})
	}
	if wrong {
		return errWrong
	}
	return nil
}

// openFiles names the files of secrets that others of the machine may read.
func openFiles() (warnings []string) {
	for _, f := range config.Fields() {
		name := f.Name + "_FILE"
		if info, err := os.Stat(os.Getenv(name)); err == nil && f.Secret && info.Mode().Perm()&0o077 != 0 { //nolint:gosec // the operator names it
			warnings = append(warnings, fmt.Sprintf("%s: others may read the file (chmod 600)", name))
		}
	}
	return warnings
}

func examineDocuments(ctx context.Context, cfg *config.Config) (err error) {
	documents, err := mongodb.Open(string(cfg.MongoURL), cfg.MongoDatabase, cfg.EngineTimeout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mongodb.Close(context.WithoutCancel(ctx), documents)) }()
	if err := checkDocuments(ctx, documents, cfg); errors.Is(err, errFerretDB1) {
		return err // that it does not answer was said
	}
	return nil
}
