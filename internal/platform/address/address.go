// Package address holds the checks of an address against the country's areas,
// regions and settlements. Every resource with addresses makes them.
package address

import (
	"github.com/google/uuid"

	"esoz/internal/platform/envelope"
)

// Register answers what the checks ask about areas, regions and settlements.
type Register interface {
	Settlement(id uuid.UUID) (Settlement, bool)
	Area(id uuid.UUID) (name string, ok bool)
	Region(id uuid.UUID) (name string, ok bool)
	AreaNamed(name string) bool
	SettlementNamed(name string) bool
	SameName(a, b string) bool
	SameArea(a, b string) bool
}

// Settlement is what the checks ask about a settlement.
type Settlement struct {
	Name          string
	AreaID        uuid.UUID
	RegionID      *uuid.UUID // nil: belongs to no region
	MountainGroup bool
}

// Place is an address of a body. What it lacks, and what the schema refuses in it,
// is nil (decisions R16).
type Place struct {
	Type, Area, Settlement, Region, SettlementID *string

	Found *Settlement // that SettlementID names
}

// Find looks the settlement up. A malformed id names none.
func (p *Place) Find(in Register) {
	if p.SettlementID == nil {
		return
	}
	if id, ok := envelope.ParseID(*p.SettlementID); ok {
		if found, known := in.Settlement(id); known {
			p.Found = &found
		}
	}
}

// Check is a check of a place, by the last word of its rule.
type Check struct {
	Rule   string
	Passes func(in Register, p *Place) bool
	ID     func(p *Place) any // that the rule's text names; nil: the text names none
}

// Named are the checks of what an address names, in the order of seed 003.
var Named = []Check{
	{"area", func(in Register, p *Place) bool { return p.Area == nil || in.AreaNamed(*p.Area) }, nil},
	{"settlement", func(in Register, p *Place) bool { return p.Settlement == nil || in.SettlementNamed(*p.Settlement) }, nil},
	{"settlement_id", func(_ Register, p *Place) bool { return p.SettlementID == nil || p.Found != nil }, func(p *Place) any { return *p.SettlementID }},
}

// Agreeing are the checks of whether that belongs together.
var Agreeing = []Check{
	{"settlement_match", settlementMatches, nil},
	{"area_row", areaExists, func(p *Place) any { return p.Found.AreaID }},
	{"area_match", areaMatches, nil},
	{"region_row", regionExists, func(p *Place) any { return *p.Found.RegionID }},
	{"region_match", regionMatches, nil},
}

func settlementMatches(in Register, p *Place) bool {
	return p.Found == nil || p.Settlement == nil || !in.SettlementNamed(*p.Settlement) || in.SameName(*p.Settlement, p.Found.Name)
}

func areaExists(in Register, p *Place) bool {
	if p.Found == nil {
		return true
	}
	_, exists := in.Area(p.Found.AreaID)
	return exists
}

func areaMatches(in Register, p *Place) bool {
	if p.Found == nil || p.Area == nil || !in.AreaNamed(*p.Area) {
		return true
	}
	name, exists := in.Area(p.Found.AreaID)
	return !exists || in.SameArea(*p.Area, name)
}

// isInRegion tells whether an address is compared with a region: it names one,
// and its settlement is in one.
func (p *Place) isInRegion() bool {
	return p.Found != nil && p.Region != nil && p.Found.RegionID != nil
}

func regionExists(in Register, p *Place) bool {
	if !p.isInRegion() {
		return true
	}
	_, exists := in.Region(*p.Found.RegionID)
	return exists
}

func regionMatches(in Register, p *Place) bool {
	if !p.isInRegion() {
		return true
	}
	name, exists := in.Region(*p.Found.RegionID)
	return !exists || in.SameName(*p.Region, name)
}
