package events

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/internal/clock"
	"esoz/internal/config"
)

// API serves the events.
type API struct {
	Pool   *pgxpool.Pool
	Clock  *clock.Clock
	Config *config.Live
}
