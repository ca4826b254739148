// Package dictionaries keeps the dictionaries in memory and serves them
// (spec: divisions 8).
package dictionaries

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"

	"esoz/internal/config"
)

// API serves the dictionaries. They are public: no token is wanted.
type API struct {
	Cache  *Cache
	Config *config.Live
}

// Dictionary is a list of codes with their texts.
type Dictionary struct {
	Name        string
	Description string
	Labels      []string
	IsActive    bool
	Values      []Value // of the top level
}

// Value is one code. Values may have values of their own.
type Value struct {
	Code        string
	Description string
	IsActive    bool
	Children    []Value
}

// Cache holds all dictionaries of one version. Readers never wait.
type Cache struct {
	store store
	now   atomic.Pointer[snapshot]
}

type snapshot struct {
	version int64
	all     []Dictionary        // by name
	codes   map[string][]string // active codes of active dictionaries
}

// Refresh loads the dictionaries when their version has changed.
func (c *Cache) Refresh(ctx context.Context) error {
	version, err := c.store.version(ctx)
	if err != nil {
		return err
	}
	if have := c.now.Load(); have != nil && have.version == version {
		return nil
	}
	all, err := c.store.load(ctx)
	if err != nil {
		return err
	}
	s := &snapshot{version: version, all: all, codes: map[string][]string{}}
	for _, d := range all {
		if d.IsActive {
			s.codes[d.Name] = activeCodes(d.Values, nil)
		}
	}
	c.now.Store(s)
	return nil
}

// Codes returns the active codes of an active dictionary, in their order.
func (c *Cache) Codes(name string) []string { return c.now.Load().codes[name] }

// All returns every dictionary by name. The caller must not change it.
func (c *Cache) All() []Dictionary { return c.now.Load().all }

func activeCodes(values []Value, codes []string) []string {
	for _, v := range values {
		if v.IsActive {
			codes = append(codes, v.Code)
		}
		codes = activeCodes(v.Children, codes)
	}
	return codes
}

// tree hangs the values of a dictionary under their parents.
func tree(rows []valueRow) []Value {
	children := map[uuid.UUID][]valueRow{}
	for _, row := range rows {
		children[row.parent] = append(children[row.parent], row)
	}
	var grow func(parent uuid.UUID) []Value
	grow = func(parent uuid.UUID) []Value {
		values := []Value{}
		for _, row := range children[parent] {
			v := row.Value
			v.Children = grow(row.id)
			values = append(values, v)
		}
		return values
	}
	return grow(uuid.Nil)
}

// wanted tells whether a list names a dictionary; a list that names none leaves
// the big ones out.
func (a *API) wanted(d Dictionary, names []string) bool {
	if len(names) > 0 {
		return slices.Contains(names, d.Name)
	}
	return !slices.Contains(a.Config.Get().BigDictionaries, d.Name)
}

// parseBool reads a boolean filter; an absent one is nil. ok is false when the
// text is no boolean.
func parseBool(text *string) (value *bool, ok bool) {
	if text == nil {
		return nil, true
	}
	parsed, err := strconv.ParseBool(*text)
	return &parsed, err == nil
}

// splitNames reads a comma-separated list of names.
func splitNames(text *string) []string {
	if text == nil || *text == "" {
		return nil
	}
	return strings.Split(*text, ",")
}

// labels are a list in the answer even when there are none.
func labels(d Dictionary) []string { return append([]string{}, d.Labels...) }
