// Package approvals holds the approvals that patients give to their medical
// data: Resend SMS on Approval and the reads.
package approvals

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/seal"
	"esoz/internal/resource/persons"
)

// API serves the operations of the resource.
type API struct {
	pool   *pgxpool.Pool
	store  store
	keys   *seal.Keys
	clock  *clock.Clock
	config *config.Live
	queue  *jobs.Queue
	codes  *otp.Service
	people *persons.Store
}

// New wires the resource.
func New(
	pool *pgxpool.Pool, documents *mongo.Database, keys *seal.Keys, clk *clock.Clock, cfg *config.Live,
	queue *jobs.Queue, codes *otp.Service, people *persons.Store,
) *API {
	return &API{
		pool: pool, store: store{documents.Collection(Collection)}, keys: keys, clock: clk, config: cfg,
		queue: queue, codes: codes, people: people,
	}
}

// DeleteUnverified removes approvals that nobody verified within
// APPROVAL_TTL_HOURS (APPROVALS_CLEANUP_SCHEDULE).
func (a *API) DeleteUnverified(ctx context.Context) error {
	age := time.Duration(a.config.Get().ApprovalTTLHours) * time.Hour
	return a.store.deleteUnverified(ctx, a.clock.Now().Add(-age))
}
