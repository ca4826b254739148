package uaddresses

import (
	"context"
	"slices"
	"strings"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListStreets serves GET /api/uaddresses/streets: the streets of a settlement.
func (a *API) ListStreets(ctx context.Context, req api.ListStreetsRequestObject) (api.ListStreetsResponseObject, error) {
	p := req.Params
	q := a.query(ctx, p.SettlementID)
	if err := operation.Run(ctx, streetChecks, q); err != nil {
		return nil, err
	}
	s, page := a.Cache.Current(), envelope.PageOf(p.Page, p.PageSize)
	name, kind := folded(p.Name), folded(p.Type)
	found, total := pageOf(each(s.streets[*q.within]), page, func(street *Street) bool {
		return street.isNamed(name) && (kind == "" || kind == fold(street.Type))
	})
	settlement, _ := s.settlement(*q.within)
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

var streetChecks = []operation.Check[*query]{
	{Rule: rules.StreetListSettlementIDRequired, Pass: func(_ context.Context, q *query) error {
		return operation.Expect(q.within != nil, "settlement_id", "a UUID", "nothing")
	}},
	{Rule: rules.StreetListSettlementID, Pass: hasID},
}

// isNamed tells whether a folded text is a part of the street's name, of today
// or of former times: addresses keep a street's old name for years.
func (p *Street) isNamed(part string) bool {
	return strings.Contains(fold(p.Name), part) ||
		slices.ContainsFunc(p.Aliases, func(alias string) bool { return strings.Contains(fold(alias), part) })
}
