// Package devicedispenses holds the medical devices that are handed out to
// patients: Stop Device Dispense and the reads (spec: device_dispenses).
package devicedispenses

import (
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/clock"
	"esoz/internal/config"
	"esoz/internal/jobs"
	"esoz/internal/persons"
	"esoz/internal/seal"
)

// API serves the operations of the resource.
type API struct {
	store  store
	keys   *seal.Keys
	clock  *clock.Clock
	config *config.Live
	queue  *jobs.Queue
	people *persons.Store
}

// New wires the resource.
func New(
	documents *mongo.Database, keys *seal.Keys, clk *clock.Clock, cfg *config.Live, queue *jobs.Queue, people *persons.Store,
) *API {
	return &API{
		store: store{documents.Collection(Collection)}, keys: keys, clock: clk, config: cfg, queue: queue, people: people,
	}
}
