package app

import (
	"github.com/google/uuid"

	"esoz/internal/platform/address"
	"esoz/internal/resource/uaddresses"
)

// addresses answers what the checks of addresses ask.
type addresses struct{ *uaddresses.Cache }

var _ address.Register = addresses{}

func (a addresses) Settlement(id uuid.UUID) (address.Settlement, bool) {
	s, ok := a.Cache.Settlement(id)
	return address.Settlement{Name: s.Name, AreaID: s.AreaID, RegionID: s.RegionID, MountainGroup: s.MountainGroup}, ok
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
