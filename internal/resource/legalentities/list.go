package legalentities

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListLegalEntities serves GET /api/v2/legal_entities.
func (a *API) ListLegalEntities(ctx context.Context, req api.ListLegalEntitiesRequestObject) (api.ListLegalEntitiesResponseObject, error) {
	p := req.Params
	s := &listing{Caller: a.Engine.Caller(ctx), filter: filter{
		Edrpou: envelope.Sent(p.Edrpou), Type: envelope.Sent(p.Type), Status: envelope.Sent(p.Status),
	}}
	s.SettlementID, s.isSettlement = envelope.SentID(p.SettlementID)
	s.NHSVerified, s.isFlag = envelope.ParseBool(p.NhsVerified)
	s.limit(p.LegalEntityID)
	if err := operation.Run(ctx, listChecks, s); err != nil {
		return nil, err
	}
	page, found, total := envelope.PageOf(p.Page, p.PageSize), []api.LegalEntity{}, 0
	if !s.foreign {
		var err error
		if found, total, err = a.Store.list(ctx, s.filter, page); err != nil {
			return nil, err
		}
	}
	return api.ListLegalEntities200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

// filter narrows a list; what is nil does not.
type filter db.ListLegalEntitiesParams

// listing is one call of listLegalEntities.
type listing struct {
	operation.Caller
	filter
	isID, isSettlement, isFlag bool // what was sent can be read
	foreign                    bool // asks for another legal entity than the caller's, of which nothing is shown
}

// limit limits the list to what was asked for, and to what the caller may see.
func (s *listing) limit(asked *string) {
	s.ID, s.isID = envelope.SentID(asked)
	if !s.SeesAll() {
		s.foreign = s.ID != nil && *s.ID != s.ClientID
		s.ID = &s.ClientID
	}
}

var listChecks = []operation.Check[*listing]{
	operation.IsUUID(rules.LegalEntityListLegalEntityID, "legal_entity_id", func(s *listing) bool { return s.isID }),
	operation.IsUUID(rules.LegalEntityListSettlementID, "settlement_id", func(s *listing) bool { return s.isSettlement }),
	operation.IsBoolean(rules.LegalEntityListNhsVerified, "nhs_verified", func(s *listing) bool { return s.isFlag }),
}
