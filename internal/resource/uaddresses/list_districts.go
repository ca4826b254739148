package uaddresses

import (
	"context"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListDistricts serves GET /api/uaddresses/districts: the regions of addresses.
func (a *API) ListDistricts(ctx context.Context, req api.ListDistrictsRequestObject) (api.ListDistrictsResponseObject, error) {
	p := req.Params
	q := a.query(ctx, p.RegionID)
	if err := operation.Run(ctx, districtChecks, q); err != nil {
		return nil, err
	}
	s := a.Cache.current.Load()
	// region_id decides when both are sent.
	inArea := s.areasNamed(folded(p.Region))
	if q.within != nil {
		inArea = func(id uuid.UUID) bool { return id == *q.within }
	}
	filter, page := newNameAndCode(p.Name, p.Koatuu), envelope.PageOf(p.Page, p.PageSize)
	found, total := pageOf(each(s.regions), page, func(r *Region) bool {
		return inArea(r.AreaID) && filter.keep(r.folded, r.KOATUU)
	})
	data := make([]api.District, 0, len(found))
	for _, r := range found {
		area, _ := s.area(r.AreaID)
		data = append(data, api.District{
			ID: r.ID.String(), District: r.Name, Name: r.Name, Region: area.printed(q.Config), RegionID: r.AreaID.String(), Koatuu: optional(r.KOATUU),
		})
	}
	return api.ListDistricts200JSONResponse{Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

var districtChecks = []operation.Check[*query]{{Rule: rules.DistrictListRegionID, Pass: hasID}}
