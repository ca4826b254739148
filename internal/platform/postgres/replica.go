package postgres

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/internal/platform/envelope"
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

// Page reads a page of a list with the number of all rows that match, which total takes
// from a row. A page past the end has no row to take it from: the first row is read then.
func Page[R any](ctx context.Context, l *Lists, page envelope.Page, read func(ctx context.Context, from Conn, limit, offset int32) ([]R, error),
	total func(R) int64,
) (rows []R, all int, err error) {
	err = l.Read(ctx, func(ctx context.Context, from Conn) (err error) {
		rows, err = read(ctx, from, int32(page.Size), int32(page.Offset())) //nolint:gosec // the chain bounds both
		counted := rows
		if err == nil && len(rows) == 0 && page.Number > 1 {
			counted, err = read(ctx, from, 1, 0)
		}
		if all = 0; len(counted) > 0 {
			all = int(total(counted[0]))
		}
		return err
	})
	return rows, all, err
}
