// Package dictionaries keeps the dictionaries in memory, serves them, and
// brings those that every deployment starts with.
package dictionaries

import (
	"slices"

	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/internal/platform/versioned"
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

// Cache holds all dictionaries of one version.
type Cache struct{ *versioned.Copy[snapshot] }

type snapshot struct {
	all   []Dictionary        // by name
	codes map[string][]string // active codes of active dictionaries
	open  map[string]bool     // active dictionaries that accept any code
}

// NewCache prepares an empty cache; Refresh fills it.
func NewCache(pool *pgxpool.Pool) *Cache { return &Cache{versioned.New(pool, cacheName, load)} }

// Codes returns the active codes of an active dictionary: its values of all
// levels, each before those under it, by code. The caller must not change them.
func (c *Cache) Codes(name string) []string { return c.Current().codes[name] }

// IsOpen returns whether an active dictionary accepts codes that it does not list.
func (c *Cache) IsOpen(name string) bool { return c.Current().open[name] }

// Text returns what a code of the top level of a dictionary means, nil when it is not known.
func (c *Cache) Text(name, code string) *string {
	all := c.Current().all
	i := slices.IndexFunc(all, func(d Dictionary) bool { return d.Name == name })
	if i < 0 {
		return nil
	}
	j := slices.IndexFunc(all[i].Values, func(v Value) bool { return v.Code == code })
	if j < 0 {
		return nil
	}
	return &all[i].Values[j].Description
}

func newSnapshot(all []Dictionary) *snapshot {
	s := &snapshot{all: all, codes: map[string][]string{}, open: map[string]bool{}}
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
