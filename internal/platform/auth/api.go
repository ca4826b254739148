package auth

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
)

// API serves the OAuth endpoints.
type API struct {
	store  store
	clock  *clock.Clock
	config *config.Live
}

// NewAPI wires the endpoints.
func NewAPI(pool *pgxpool.Pool, clk *clock.Clock, cfg *config.Live) *API {
	return &API{store: store{pool: pool}, clock: clk, config: cfg}
}
