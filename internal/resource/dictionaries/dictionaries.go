// Package dictionaries keeps the dictionaries in memory, serves them, and
// brings those that every deployment starts with.
package dictionaries

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Dictionary is a list of codes with their texts.
type Dictionary struct {
	Name        string
	Description string
	Labels      []string
	IsActive    bool
	IsOpen      bool    // its values are not public, or not all of them: any code is accepted
	Values      []Value // of the top level, by code
}

// Value is one code. Values may have values of their own.
type Value struct {
	Code        string
	Description string
	IsActive    bool
	Children    []Value
}

// Cache holds all dictionaries of one version. Readers never wait and never see
// half of a change.
type Cache struct {
	store    store
	current  atomic.Pointer[snapshot]
	loading  sync.Mutex // one load at a time; the second finds the first one's
	isLoaded bool       // guarded by loading
}

type snapshot struct {
	version int64
	all     []Dictionary        // by name
	codes   map[string][]string // active codes of active dictionaries
	open    map[string]bool     // active dictionaries that accept any code
}

// NewCache prepares an empty cache; Refresh fills it.
func NewCache(pool *pgxpool.Pool) *Cache {
	c := &Cache{store: store{pool}}
	c.current.Store(newSnapshot(0, nil))
	return c
}

// Refresh loads the dictionaries when their version has changed.
func (c *Cache) Refresh(ctx context.Context) error {
	c.loading.Lock()
	defer c.loading.Unlock()
	if c.isLoaded {
		version, err := c.store.version(ctx)
		if err != nil {
			return err
		}
		if version == c.current.Load().version {
			return nil
		}
	}
	version, all, err := c.store.load(ctx)
	if err != nil {
		return err
	}
	c.current.Store(newSnapshot(version, all))
	c.isLoaded = true
	return nil
}

// Codes returns the active codes of an active dictionary: its values of all
// levels, each before those under it, by code. The caller must not change them.
func (c *Cache) Codes(name string) []string { return c.current.Load().codes[name] }

// IsOpen returns whether an active dictionary accepts codes that it does not list.
func (c *Cache) IsOpen(name string) bool { return c.current.Load().open[name] }

func newSnapshot(version int64, all []Dictionary) *snapshot {
	s := &snapshot{version: version, all: all, codes: map[string][]string{}, open: map[string]bool{}}
	for _, d := range all {
		if !d.IsActive {
			continue
		}
		s.open[d.Name] = d.IsOpen
		walk(d.Values, func(v Value) {
			if v.IsActive {
				s.codes[d.Name] = append(s.codes[d.Name], v.Code)
			}
		})
	}
	return s
}

// walk visits values of all levels.
func walk(values []Value, visit func(Value)) {
	for _, v := range values {
		visit(v)
		walk(v.Children, visit)
	}
}

// labels are a list in the answer even when there are none.
func labels(d Dictionary) []string { return append([]string{}, d.Labels...) }
