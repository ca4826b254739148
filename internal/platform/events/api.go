package events

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
)

// API serves the events.
type API struct {
	Pool   *pgxpool.Pool
	Clock  *clock.Clock
	Config *config.Live
}
