package uaddresses

import (
	"context"
	"slices"
	"strings"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// ListStreets serves GET /api/uaddresses/streets: the streets of a settlement.
//
//	street.list.settlement_id_required  settlement_id is sent and not empty
//	street.list.settlement_id           settlement_id is an id
func (a *API) ListStreets(ctx context.Context, req api.ListStreetsRequestObject) (api.ListStreetsResponseObject, error) {
	p := req.Params
	settlementID, ok := parseID(p.SettlementID)
	if !ok {
		return nil, fault.Refuse(rules.StreetListSettlementID)
	}
	if settlementID == nil {
		return nil, fault.Refuse(rules.StreetListSettlementIDRequired)
	}
	s, page := a.Cache.current.Load(), envelope.PageOf(p.Page, p.PageSize)
	name, kind := folded(p.Name), folded(p.Type)
	found, total := pageOf(each(s.streets[*settlementID]), page, func(street *Street) bool {
		return street.isNamed(name) && (kind == "" || kind == fold(street.Type))
	})
	settlement, _ := s.settlement(*settlementID)
	data := make([]api.Street, 0, len(found))
	for _, street := range found {
		data = append(data, api.Street{
			ID: street.ID.String(), SettlementID: street.SettlementID.String(), SettlementName: optional(settlement.Name),
			StreetType: optional(street.Type), Type: optional(street.Type), StreetName: optional(street.Name), Name: optional(street.Name),
			Aliases: append([]string{}, street.Aliases...),
		})
	}
	return api.ListStreets200JSONResponse{Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

// isNamed tells whether a folded text is a part of the street's name, of today
// or of former times: addresses keep a street's old name for years.
func (p *Street) isNamed(part string) bool {
	return strings.Contains(fold(p.Name), part) ||
		slices.ContainsFunc(p.Aliases, func(alias string) bool { return strings.Contains(fold(alias), part) })
}
