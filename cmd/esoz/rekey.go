package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"esoz/internal/app"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
)

type rekeyCommand struct{}

// Run seals everything with the newest keys and says when the former ones can go.
func (rekeyCommand) Run(ctx context.Context) (err error) {
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
	if err := checkDocuments(ctx, documents, cfg); err != nil {
		return err
	}
	lastUse, err := app.Rekey(ctx, pool, documents, keys, clock.New().Now(), func(place string, seen int64) {
		fmt.Fprintf(os.Stderr, "%s: %d\n", place, seen)
	})
	if err != nil {
		return fmt.Errorf("rekey (it can be run again): %w", err)
	}
	fmt.Fprintf(os.Stdout, "everything is sealed with the first key; servers need the others until %s\n", lastUse.UTC().Format(time.RFC3339))
	return nil
}
