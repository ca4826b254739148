package postgres

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Lists reads what decides nothing, such as a page of a list, from a replica when there is
// one. A replica may lag behind, so no check may stand on what it says.
type Lists struct {
	Primary *pgxpool.Pool
	Replica *pgxpool.Pool // nil: there is none
	away    atomic.Bool
}

const (
	replicaTimeout = 2 * time.Second // a request has time left to ask the primary
	replicaPause   = 5 * time.Second // in which a replica that failed is not asked
)

// Read runs fn on the replica and, after any error there (it is away, lags behind or has
// cancelled the query), on the primary.
func (l *Lists) Read(ctx context.Context, fn func(ctx context.Context, from Conn) error) error {
	if l.Replica != nil && !l.away.Load() {
		limited, cancel := context.WithTimeout(ctx, replicaTimeout)
		defer cancel()
		err := fn(limited, l.Replica)
		if err == nil || ctx.Err() != nil {
			return Error(err)
		}
		if isAway(err) && l.away.CompareAndSwap(false, true) {
			time.AfterFunc(replicaPause, func() { l.away.Store(false) })
		}
	}
	return Error(fn(ctx, l.Primary))
}
