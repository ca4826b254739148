package uaddresses

import (
	"context"
	"strings"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
)

// ListRegions serves GET /api/uaddresses/regions: the areas.
func (a *API) ListRegions(ctx context.Context, req api.ListRegionsRequestObject) (api.ListRegionsResponseObject, error) {
	p, cfg := req.Params, a.Engine.Config.Get()
	filter, page := newNameAndCode(p.Name, p.Koatuu), envelope.PageOf(p.Page, p.PageSize)
	city := foldedArea(p.Name) // М.КИЇВ is the city and no part of Київська
	found, total := pageOf(each(a.Cache.Current().areas), page, func(area *Area) bool {
		return filter.keep(area.folded, area.KOATUU) || area.folded == city && strings.Contains(area.KOATUU, filter.code)
	})
	data := make([]api.Region, 0, len(found))
	for _, area := range found {
		name := area.printed(cfg)
		data = append(data, api.Region{ID: area.ID.String(), Region: name, Name: name, Koatuu: optional(area.KOATUU)})
	}
	return api.ListRegions200JSONResponse{Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}
