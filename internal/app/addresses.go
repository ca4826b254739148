package app

import (
	"github.com/google/uuid"

	"esoz/internal/resource/divisions"
	"esoz/internal/resource/uaddresses"
)

// addresses answers what divisions ask about addresses.
type addresses struct{ *uaddresses.Cache }

var _ divisions.Addresses = addresses{}

func (a addresses) Settlement(id uuid.UUID) (divisions.Settlement, bool) {
	s, ok := a.Cache.Settlement(id)
	return divisions.Settlement{Name: s.Name, AreaID: s.AreaID, RegionID: s.RegionID, MountainGroup: s.MountainGroup}, ok
}

func (a addresses) Area(id uuid.UUID) (string, bool) {
	area, ok := a.Cache.Area(id)
	return area.Name, ok
}

func (a addresses) Region(id uuid.UUID) (string, bool) {
	region, ok := a.Cache.Region(id)
	return region.Name, ok
}

func (addresses) SameName(a, b string) bool { return uaddresses.SameName(a, b) }

func (addresses) SameArea(a, b string) bool { return uaddresses.SameArea(a, b) }
