// Package servicerequests holds the referrals that doctors give to patients:
// Release Service Request and the reads.
package servicerequests

import (
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/seal"
	"esoz/internal/resource/persons"
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
