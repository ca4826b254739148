package uaddresses

import (
	"context"
	"iter"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
)

// ListSettlements serves GET /api/uaddresses/settlements.
func (a *API) ListSettlements(ctx context.Context, req api.ListSettlementsRequestObject) (api.ListSettlementsResponseObject, error) {
	q := a.query(ctx, req.Params.DistrictID)
	filter := newSettlementFilter(req.Params, q)
	if err := operation.Run(ctx, settlementChecks, q); err != nil {
		return nil, err
	}
	s, page := a.Cache.Current(), envelope.PageOf(req.Params.Page, req.Params.PageSize)
	list, keep := filter.on(s)
	found, total := pageOf(list, page, keep)
	data := make([]api.Settlement, 0, len(found))
	for _, settlement := range found {
		data = append(data, s.render(q.Config, settlement))
	}
	return api.ListSettlements200JSONResponse{Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

var settlementChecks = []operation.Check[*query]{
	{Rule: rules.SettlementListDistrictID, Pass: hasID},
	{Rule: rules.SettlementListMountainGroup, Pass: func(_ context.Context, q *query) error {
		return operation.Expect(q.isBool, "mountain_group", "true or false", "another text")
	}},
}

// settlementFilter holds folded texts; what is empty or nil keeps everything.
type settlementFilter struct {
	nameAndCode
	area, region, kind string
	regionID           *uuid.UUID
	mountain           *bool
}

func newSettlementFilter(p api.ListSettlementsParams, q *query) *settlementFilter {
	f := &settlementFilter{
		nameAndCode: newNameAndCode(p.Name, p.Koatuu),
		area:        foldedArea(p.Region), region: folded(p.District), kind: folded(p.Type), regionID: q.within,
	}
	f.mountain, q.isBool = envelope.ParseBool(p.MountainGroup)
	return f
}

// on gives the settlements to look at, fewer than all when a region is asked
// for by its id, and the test that each must pass.
func (f *settlementFilter) on(s *snapshot) (list iter.Seq[*Settlement], keep func(*Settlement) bool) {
	list = each(s.settlements)
	if f.regionID != nil {
		list = at(s.settlements, s.inRegion[*f.regionID])
	}
	inArea, inRegion := s.areasNamed(f.area), s.regionsNamed(f.region)
	return list, func(p *Settlement) bool {
		return f.keep(p.folded, p.KOATUU) &&
			(f.kind == "" || f.kind == fold(p.Type)) &&
			(f.mountain == nil || *f.mountain == p.MountainGroup) &&
			inArea(p.AreaID) && inRegion(p.RegionID)
	}
}

// areasNamed tells of an area's id whether the area has a folded name.
func (s *snapshot) areasNamed(name string) func(uuid.UUID) bool {
	if name == "" {
		return func(uuid.UUID) bool { return true }
	}
	named := map[uuid.UUID]bool{}
	for i := range s.areas {
		if s.areas[i].folded == name {
			named[s.areas[i].ID] = true
		}
	}
	return func(id uuid.UUID) bool { return named[id] }
}

// regionsNamed tells of a region's id whether the region has a folded name.
// Regions of several areas may share one.
func (s *snapshot) regionsNamed(name string) func(*uuid.UUID) bool {
	if name == "" {
		return func(*uuid.UUID) bool { return true }
	}
	named := map[uuid.UUID]bool{}
	for i := range s.regions {
		if s.regions[i].folded == name {
			named[s.regions[i].ID] = true
		}
	}
	return func(id *uuid.UUID) bool { return id != nil && named[*id] }
}

// render prints a settlement under the names of the blueprint and under those
// of the service itself, so that clients of either kind are served.
func (s *snapshot) render(cfg *config.Config, p *Settlement) api.Settlement {
	area, _ := s.area(p.AreaID)
	shown := api.Settlement{
		ID: p.ID.String(), SettlementName: p.Name, Name: p.Name, Type: optional(p.Type), Koatuu: optional(p.KOATUU),
		MountainGroup: p.MountainGroup, RegionID: p.AreaID.String(), Region: optional(area.printed(cfg)),
		District: optional(""), DistrictID: optional(""), ParentSettlement: optional(""), ParentSettlementID: optional(""),
	}
	if p.RegionID != nil {
		region, _ := s.region(*p.RegionID)
		shown.DistrictID, shown.District = optional(p.RegionID.String()), optional(region.Name)
	}
	if p.ParentID != nil {
		parent, _ := s.settlement(*p.ParentID)
		shown.ParentSettlementID, shown.ParentSettlement = optional(p.ParentID.String()), optional(parent.Name)
	}
	return shown
}
