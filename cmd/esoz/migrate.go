package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"esoz/internal/app"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
)

type migrateCommand struct{}

// Run brings both databases to the version of this program.
func (migrateCommand) Run(ctx context.Context) (err error) {
	cfg, err := config.Load(os.Environ())
	if err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	pool, err := postgres.Open(ctx, string(cfg.DatabaseURL), 4)
	if err != nil {
		return err
	}
	defer pool.Close()
	documents, err := mongodb.Open(string(cfg.MongoURL), cfg.MongoDatabase, cfg.EngineTimeout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mongodb.Close(context.WithoutCancel(ctx), documents)) }()
	keys, err := app.NewKeys(cfg)
	if err != nil {
		return err
	}
	now := clock.New().Now()
	if err := app.Migrate(ctx, pool, documents, now, cfg.SystemUser); err != nil {
		return err
	}
	return app.CheckKeys(ctx, pool, documents, keys, now)
}
