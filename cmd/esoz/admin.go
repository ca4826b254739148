package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/uuid"

	"esoz/internal/app"
	"esoz/internal/app/admin"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
)

type addCommand struct {
	Kind string `arg:"" enum:"mis,legal-entity,user,person" help:"mis, legal-entity, user or person."`
	File string `arg:"" optional:"" type:"existingfile" help:"The JSON; the standard input when absent."`
}

// Run registers what the file describes, and prints it with its secret.
func (c addCommand) Run(ctx context.Context) (err error) {
	input := io.Reader(os.Stdin)
	if c.File != "" {
		file, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("open the description: %w", err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		input = file
	}
	entry, err := c.read(input)
	if err != nil {
		return err
	}
	return withRegistry(ctx, func(r *admin.Registry) error {
		added, err := r.Register(ctx, entry)
		if err != nil {
			return err
		}
		return printJSON(os.Stdout, added)
	})
}

func (c addCommand) read(input io.Reader) (admin.Entry, error) {
	switch c.Kind {
	case "mis":
		return entryOf[admin.MIS](input)
	case "legal-entity":
		return entryOf[admin.LegalEntity](input)
	case "user":
		return entryOf[admin.User](input)
	default:
		return entryOf[admin.Person](input)
	}
}

func entryOf[E admin.Entry](input io.Reader) (admin.Entry, error) {
	var entry E
	decoder := json.NewDecoder(input)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&entry); err != nil {
		return nil, fmt.Errorf("read the description: %w", err)
	}
	return entry, nil
}

type listCommand struct{}

// Run prints what is registered, without secrets.
func (listCommand) Run(ctx context.Context) error {
	return withRegistry(ctx, func(r *admin.Registry) error {
		list, err := r.List(ctx)
		if err != nil {
			return err
		}
		return printJSON(os.Stdout, list)
	})
}

type deleteCommand struct {
	ID uuid.UUID `arg:"" help:"Id of what was registered."`
}

// Run deletes an object that nothing refers to.
func (c deleteCommand) Run(ctx context.Context) error {
	return withRegistry(ctx, func(r *admin.Registry) error { return r.Delete(ctx, c.ID) })
}

func printJSON(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// withRegistry opens both databases of the server.
func withRegistry(ctx context.Context, do func(*admin.Registry) error) (err error) {
	cfg, err := config.Load(os.Environ())
	if err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	keys, err := app.NewKeys(cfg)
	if err != nil {
		return err
	}
	pool, err := postgres.Open(ctx, string(cfg.DatabaseURL), 2)
	if err != nil {
		return err
	}
	defer pool.Close()
	documents, err := mongodb.Open(string(cfg.MongoURL), cfg.MongoDatabase, cfg.EngineTimeout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mongodb.Close(context.WithoutCancel(ctx), documents)) }()
	if err := app.CheckKeys(ctx, pool, documents, keys, clock.New().Now()); err != nil {
		return err
	}
	return do(&admin.Registry{Pool: pool, Documents: documents, Keys: keys, Clock: clock.New(), SystemUser: cfg.SystemUser})
}
