// Package versioned keeps in memory what changes seldom and is asked for often. A row of
// prm.cache_versions says which version the tables have.
package versioned

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
)

// Copy is what tables hold in one version. Readers never wait and never see half of a
// change.
type Copy[T any] struct {
	pool *pgxpool.Pool
	name string
	read func(ctx context.Context, tx pgx.Tx) (*T, error)

	current  atomic.Pointer[T]
	loading  sync.Mutex // one load at a time; the second finds the first one's
	isLoaded bool       // guarded by loading, as version is
	version  int64
}

// New prepares a copy of what read returns. It holds an empty T until Refresh. name is
// its row of prm.cache_versions.
func New[T any](pool *pgxpool.Pool, name string, read func(ctx context.Context, tx pgx.Tx) (*T, error)) *Copy[T] {
	c := &Copy[T]{pool: pool, name: name, read: read}
	c.current.Store(new(T))
	return c
}

// Current returns the copy. The caller must not change it.
func (c *Copy[T]) Current() *T { return c.current.Load() }

// Held is what a copy holds at a moment.
type Held[T any] struct {
	value    *T
	version  int64
	isLoaded bool
}

// Held returns what the copy holds, for a copy of tables that are the same.
func (c *Copy[T]) Held() Held[T] {
	c.loading.Lock()
	defer c.loading.Unlock()
	return Held[T]{c.Current(), c.version, c.isLoaded}
}

// Hold takes over what the copy of other tables held. Refresh reads anew when these are in another version.
func (c *Copy[T]) Hold(h Held[T]) {
	c.loading.Lock()
	defer c.loading.Unlock()
	c.current.Store(h.value)
	c.version, c.isLoaded = h.version, h.isLoaded
}

// Refresh reads anew when the version has changed.
func (c *Copy[T]) Refresh(ctx context.Context) error {
	c.loading.Lock()
	defer c.loading.Unlock()
	if c.isLoaded {
		now, err := Version(ctx, c.pool, c.name)
		if err != nil || now == c.version {
			return err
		}
	}
	// All as it was at one moment: a change that commits meanwhile shows everywhere or nowhere.
	moment := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, c.pool, moment, func(tx pgx.Tx) error {
		version, err := Version(ctx, tx, c.name)
		if err != nil {
			return err
		}
		fresh, err := c.read(ctx, tx)
		if err != nil {
			return err
		}
		c.current.Store(fresh)
		c.version, c.isLoaded = version, true
		return nil
	})
	if err != nil {
		return fmt.Errorf("load %s: %w", c.name, postgres.Error(err))
	}
	return nil
}

// Version returns the version that tables have; 0 when nobody has changed them.
func Version(ctx context.Context, conn db.DBTX, name string) (int64, error) {
	versions, err := db.New().ListCacheVersions(ctx, conn)
	if err != nil {
		return 0, fmt.Errorf("read the version of %s: %w", name, postgres.Error(err))
	}
	for _, v := range versions {
		if v.Name == name {
			return v.Version, nil
		}
	}
	return 0, nil
}

// Changed makes every process read anew. It belongs in the transaction of the change.
func Changed(ctx context.Context, tx pgx.Tx, name string, at time.Time) error {
	if _, err := db.New().BumpCacheVersion(ctx, tx, db.BumpCacheVersionParams{Name: name, At: at}); err != nil {
		return fmt.Errorf("raise the version of %s: %w", name, postgres.Error(err))
	}
	return nil
}
