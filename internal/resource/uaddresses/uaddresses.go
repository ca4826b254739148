// Package uaddresses keeps the country's areas, regions, settlements and
// streets in memory, serves them and imports the national codifier.
//
// Two vocabularies meet here. The public methods say region for an oblast and
// district for a raion; an address, and the tables, say area and region. This
// package speaks as the tables do and translates when it answers.
package uaddresses

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/internal/platform/versioned"
)

// namespace of the ids that are made of codes.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://esoz/uaddresses"))

// ID is the id of what has this code in the national codifier: the same in
// every installation (decisions R25).
func ID(code string) uuid.UUID { return uuid.NewSHA1(namespace, []byte(code)) }

// Area is an oblast, the Autonomous Republic of Crimea or a city of their standing.
type Area struct {
	ID     uuid.UUID
	Name   string
	KOATUU string // code in the national codifier; empty when unknown

	folded string
}

// Region is a raion.
type Region struct {
	ID     uuid.UUID
	AreaID uuid.UUID
	Name   string
	KOATUU string

	folded string
}

// Settlement is a city, settlement or village.
type Settlement struct {
	ID            uuid.UUID
	Name          string
	Type          string // a code of dictionary SETTLEMENT_TYPE
	AreaID        uuid.UUID
	RegionID      *uuid.UUID // nil: belongs to no region
	MountainGroup bool
	KOATUU        string
	ParentID      *uuid.UUID

	folded string
}

// Street of a settlement.
type Street struct {
	ID           uuid.UUID
	SettlementID uuid.UUID
	Type         string // a code of dictionary STREET_TYPE
	Name         string
	Aliases      []string // present and former names
}

// Cache holds all addresses of one version.
type Cache struct{ *versioned.Copy[snapshot] }

// NewCache prepares an empty cache; Refresh fills it.
func NewCache(pool *pgxpool.Pool) *Cache { return &Cache{versioned.New(pool, cacheName, load)} }

// Settlement finds a settlement by its id.
func (c *Cache) Settlement(id uuid.UUID) (Settlement, bool) { return c.Current().settlement(id) }

// Area finds an area by its id.
func (c *Cache) Area(id uuid.UUID) (Area, bool) { return c.Current().area(id) }

// Region finds a region by its id.
func (c *Cache) Region(id uuid.UUID) (Region, bool) { return c.Current().region(id) }

// AreaNamed tells whether an area has this name, folded as in SameArea.
func (c *Cache) AreaNamed(name string) bool {
	return c.Current().areaNames.has(name, foldArea)
}

// SettlementNamed tells whether a settlement has this name, folded as in SameName.
func (c *Cache) SettlementNamed(name string) bool {
	return c.Current().settlementNames.has(name, fold)
}
