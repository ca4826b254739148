package events

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/db"
	"esoz/internal/clock"
	"esoz/internal/config"
	"esoz/internal/postgres"
)

// Cleaner deletes events older than EVENTS_EXPIRATION days, then the oldest
// beyond MAX_EVENTS (EVENTS_TERMINATION_SCHEDULE).
type Cleaner struct {
	Pool   *pgxpool.Pool
	Clock  *clock.Clock
	Config *config.Live
}

// Run deletes once.
func (c *Cleaner) Run(ctx context.Context) error {
	cfg := c.Config.Get()
	if _, err := db.New().DeleteOldEvents(ctx, c.Pool, c.Clock.Now().AddDate(0, 0, -cfg.EventsExpiration)); err != nil {
		return fmt.Errorf("delete old events: %w", postgres.Error(err))
	}
	if _, err := db.New().DeleteSurplusEvents(ctx, c.Pool, int32(cfg.MaxEvents)); err != nil { //nolint:gosec // a setting
		return fmt.Errorf("delete surplus events: %w", postgres.Error(err))
	}
	return nil
}
