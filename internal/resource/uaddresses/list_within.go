package uaddresses

import (
	"context"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListDistrictsOfRegion serves GET /api/uaddresses/regions/{id}/districts: the
// regions of an area.
func (a *API) ListDistrictsOfRegion(
	ctx context.Context, req api.ListDistrictsOfRegionRequestObject,
) (api.ListDistrictsOfRegionResponseObject, error) {
	w := a.within(ctx, req.ID)
	if err := operation.Run(ctx, ofRegionChecks, w); err != nil {
		return nil, err
	}
	p := req.Params
	filter, page := newNameAndCode(p.Name, p.Koatuu), envelope.PageOf(p.Page, p.PageSize)
	found, total := pageOf(each(w.all.regions), page, func(r *Region) bool { return r.AreaID == w.id && filter.keep(r.folded, r.KOATUU) })
	return api.ListDistrictsOfRegion200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: w.all.districts(w.Config, found), Paging: page.Paging(total, envelope.EmptySQL),
	}, nil
}

// ListSettlementsOfDistrict serves GET /api/uaddresses/districts/{id}/settlements:
// the settlements of a region.
func (a *API) ListSettlementsOfDistrict(
	ctx context.Context, req api.ListSettlementsOfDistrictRequestObject,
) (api.ListSettlementsOfDistrictResponseObject, error) {
	w := a.within(ctx, req.ID)
	if err := operation.Run(ctx, ofDistrictChecks, w); err != nil {
		return nil, err
	}
	p := req.Params
	filter, page := newNameAndCode(p.Name, p.Koatuu), envelope.PageOf(p.Page, p.PageSize)
	found, total := pageOf(at(w.all.settlements, w.all.inRegion[w.id]), page, func(s *Settlement) bool { return filter.keep(s.folded, s.KOATUU) })
	data := make([]api.Settlement, 0, len(found))
	for _, settlement := range found {
		data = append(data, w.all.render(w.Config, settlement))
	}
	return api.ListSettlementsOfDistrict200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptySQL),
	}, nil
}

// within is one call of a list of what lies in the place that the path names.
type within struct {
	operation.Caller
	all *snapshot
	id  uuid.UUID // uuid.Nil, which is no place's, when the path holds none
}

func (a *API) within(ctx context.Context, id string) *within {
	w := &within{Caller: a.Engine.Caller(ctx), all: a.Cache.Current()}
	w.id, _ = envelope.ParseID(id)
	return w
}

var ofRegionChecks = []operation.Check[*within]{{Rule: rules.DistrictOfRegionNotFound, Pass: func(_ context.Context, w *within) error {
	_, found := w.all.area(w.id)
	return operation.Expect(found, "area", "exists", "nothing")
}}}

var ofDistrictChecks = []operation.Check[*within]{{Rule: rules.SettlementOfDistrictNotFound, Pass: func(_ context.Context, w *within) error {
	_, found := w.all.region(w.id)
	return operation.Expect(found, "district", "exists", "nothing")
}}}
