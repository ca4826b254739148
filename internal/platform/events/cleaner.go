package events

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/db"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/postgres"
)

// Cleaner deletes events older than EVENTS_EXPIRATION days, except the newest
// MAX_EVENTS (EVENTS_TERMINATION_SCHEDULE).
type Cleaner struct {
	Pool   *pgxpool.Pool
	Clock  *clock.Clock
	Config *config.Live
}

// Run makes one clean-up.
func (c *Cleaner) Run(ctx context.Context) error {
	cfg := c.Config.Get()
	before := c.Clock.Now().AddDate(0, 0, -cfg.EventsExpiration)
	err := postgres.InBatches(ctx, func(ctx context.Context, limit int32) (int64, error) {
		return db.New().DeleteOldEvents(ctx, c.Pool, db.DeleteOldEventsParams{
			InsertedBefore: before, Kept: int32(cfg.MaxEvents), Batch: limit, //nolint:gosec // a setting
		})
	})
	if err != nil {
		return fmt.Errorf("delete old events: %w", err)
	}
	return nil
}
