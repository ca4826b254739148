package uaddresses

import (
	"bytes"
	"slices"

	"github.com/google/uuid"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// rows is what the store loads, in no order.
type rows struct {
	areas       []Area
	regions     []Region
	settlements []Settlement
	streets     []Street
}

// snapshot is one version of the addresses, in the order of the Ukrainian
// alphabet. It never changes.
type snapshot struct {
	areas       []Area
	regions     []Region
	settlements []Settlement
	streets     map[uuid.UUID][]Street // by settlement

	areaAt, regionAt, settlementAt map[uuid.UUID]int32
	areaNames, settlementNames     names
	inRegion                       map[uuid.UUID][]int32 // places of its settlements
}

func newSnapshot(all *rows) *snapshot {
	s := &snapshot{
		areas: all.areas, regions: all.regions, settlements: all.settlements,
		streets:         map[uuid.UUID][]Street{},
		areaNames:       make(names, 2*len(all.areas)),
		settlementNames: make(names, 2*len(all.settlements)),
		inRegion:        map[uuid.UUID][]int32{},
	}
	sortByName(s.areas, func(a *Area) (string, uuid.UUID) { return a.Name, a.ID })
	sortByName(s.regions, func(r *Region) (string, uuid.UUID) { return r.Name, r.ID })
	sortByName(s.settlements, func(p *Settlement) (string, uuid.UUID) { return p.Name, p.ID })
	sortByName(all.streets, func(p *Street) (string, uuid.UUID) { return p.Name, p.ID })
	for i := range s.areas {
		a := &s.areas[i]
		a.folded = foldArea(a.Name)
		s.areaNames.add(a.Name, a.folded)
	}
	for i := range s.regions {
		s.regions[i].folded = fold(s.regions[i].Name)
	}
	s.areaAt = index(s.areas, func(a *Area) uuid.UUID { return a.ID })
	s.regionAt = index(s.regions, func(r *Region) uuid.UUID { return r.ID })
	s.settlementAt = index(s.settlements, func(p *Settlement) uuid.UUID { return p.ID })
	for i := range s.settlements {
		p := &s.settlements[i]
		p.folded = fold(p.Name)
		s.settlementNames.add(p.Name, p.folded)
		if p.RegionID != nil {
			s.inRegion[*p.RegionID] = append(s.inRegion[*p.RegionID], int32(i))
		}
	}
	for _, street := range all.streets {
		s.streets[street.SettlementID] = append(s.streets[street.SettlementID], street)
	}
	return s
}

// sortByName sorts by the Ukrainian alphabet (є after е, і after и, ґ after г),
// which the code points do not follow; equal names by id.
func sortByName[T any](all []T, by func(*T) (name string, id uuid.UUID)) {
	type keyed struct {
		key  []byte
		id   uuid.UUID
		item T
	}
	collator, buffer := collate.New(language.Ukrainian), &collate.Buffer{}
	sorted := make([]keyed, len(all))
	for i := range all {
		name, id := by(&all[i])
		sorted[i] = keyed{collator.KeyFromString(buffer, name), id, all[i]}
	}
	slices.SortFunc(sorted, func(a, b keyed) int {
		if c := bytes.Compare(a.key, b.key); c != 0 {
			return c
		}
		return bytes.Compare(a.id[:], b.id[:])
	})
	for i := range sorted {
		all[i] = sorted[i].item
	}
}

func index[T any](all []T, id func(*T) uuid.UUID) map[uuid.UUID]int32 {
	at := make(map[uuid.UUID]int32, len(all))
	for i := range all {
		at[id(&all[i])] = int32(i)
	}
	return at
}

func (s *snapshot) area(id uuid.UUID) (Area, bool) { return find(s.areas, s.areaAt, id) }

func (s *snapshot) region(id uuid.UUID) (Region, bool) { return find(s.regions, s.regionAt, id) }

func (s *snapshot) settlement(id uuid.UUID) (Settlement, bool) {
	return find(s.settlements, s.settlementAt, id)
}

func find[T any](all []T, at map[uuid.UUID]int32, id uuid.UUID) (found T, ok bool) {
	i, ok := at[id]
	if !ok {
		return found, false
	}
	return all[i], true
}
