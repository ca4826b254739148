// Package divisions holds the places where a legal entity works: Create
// Division (seed 003), its reads and the rest of its life.
package divisions

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/resource/uaddresses"
)

// API serves the operations of the resource.
type API struct {
	store     store
	clock     *clock.Clock
	config    *config.Live
	addresses *uaddresses.Cache
}

// New wires the resource.
func New(pool *pgxpool.Pool, clk *clock.Clock, cfg *config.Live, addresses *uaddresses.Cache) *API {
	return &API{store: store{pool}, clock: clk, config: cfg, addresses: addresses}
}
