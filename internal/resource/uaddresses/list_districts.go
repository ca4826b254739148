package uaddresses

import (
	"context"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
)

// ListDistricts serves GET /api/uaddresses/districts: the regions of addresses.
func (a *API) ListDistricts(ctx context.Context, req api.ListDistrictsRequestObject) (api.ListDistrictsResponseObject, error) {
	p := req.Params
	q := a.query(ctx, p.RegionID)
	if err := operation.Run(ctx, districtChecks, q); err != nil {
		return nil, err
	}
	s := a.Cache.Current()
	// region_id decides when both are sent.
	inArea := s.areasNamed(foldedArea(p.Region))
	if q.within != nil {
		inArea = func(id uuid.UUID) bool { return id == *q.within }
	}
	filter, page := newNameAndCode(p.Name, p.Koatuu), envelope.PageOf(p.Page, p.PageSize)
	found, total := pageOf(each(s.regions), page, func(r *Region) bool {
		return inArea(r.AreaID) && filter.keep(r.folded, r.KOATUU)
	})
	return api.ListDistricts200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: s.districts(q.Config, found), Paging: page.Paging(total, envelope.EmptySQL),
	}, nil
}

// districts shows regions of addresses under the names of the blueprint and under
// those of the service itself.
func (s *snapshot) districts(cfg *config.Config, found []*Region) []api.District {
	shown := make([]api.District, 0, len(found))
	for _, r := range found {
		area, _ := s.area(r.AreaID)
		shown = append(shown, api.District{
			ID: r.ID.String(), District: r.Name, Name: r.Name, Region: area.printed(cfg), RegionID: r.AreaID.String(), Koatuu: optional(r.KOATUU),
		})
	}
	return shown
}

var districtChecks = []operation.Check[*query]{{Rule: rules.DistrictListRegionID, Pass: hasID}}
