package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
)

// ErrFerretDB1: a server may not use this document store as it is asked to.
var ErrFerretDB1 = errors.New("FerretDB 1 must get one command at a time, because its findAndModify is not atomic: a status could change twice")

const (
	// claimPatience is how long a start waits for a server that is just ending.
	claimPatience = 3 * time.Second
	// reclaimEvery is how soon a claim that was lost is taken again.
	reclaimEvery = time.Second
)

// claim makes sure that this process alone uses the document store when that is
// FerretDB 1. Servers of one deployment meet in PostgreSQL, so it is there that
// they see each other. ErrFerretDB1 tells that it cannot be; after any other
// error nothing is known.
func (a *App) claim(ctx context.Context) error {
	if a.claimed != nil || a.shared {
		return nil
	}
	ferretDB1, err := mongodb.IsFerretDB1(ctx, a.Mongo)
	if err != nil {
		return err
	}
	cfg := a.opts.Config.Get()
	switch {
	case !ferretDB1:
		a.shared = true
		return nil
	case !mongodb.OneConnection(string(cfg.MongoURL)):
		return fmt.Errorf("MONGO_URL lacks maxPoolSize=1: %w", ErrFerretDB1)
	}
	a.claimed, err = postgres.Take(ctx, a.Pool, "document store "+cfg.MongoDatabase, a.holder, claimPatience)
	if errors.Is(err, postgres.ErrClaimed) {
		return fmt.Errorf("another server uses the document store (stop it, or take MongoDB or FerretDB 2): %w", ErrFerretDB1)
	}
	return err
}

// KeepAlone keeps the document store for this process, where that is needed,
// until ctx ends. PostgreSQL forgets whose the store is when it restarts; it
// fails with ErrFerretDB1 when another server was faster then, and the process
// must end.
func (a *App) KeepAlone(ctx context.Context) error {
	ticker := time.NewTicker(reclaimEvery)
	defer ticker.Stop()
	for {
		err := a.claim(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrFerretDB1):
			return err
		case err != nil:
			a.opts.Logger.WarnContext(ctx, "not known whether another server uses the document store", "error", err)
		case a.shared:
			<-ctx.Done()
			return nil
		default:
			a.claimed.Wait(ctx)
			if ctx.Err() != nil {
				return nil
			}
			a.claimed.Close(ctx)
			a.claimed = nil
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
