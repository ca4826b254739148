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
	s := newListing(a.Engine.Caller(ctx), req.Params)
	if err := operation.Run(ctx, listChecks, s); err != nil {
		return nil, err
	}
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := list(ctx, a.Store, s, page, show)
	if err != nil {
		return nil, err
	}
	return api.ListLegalEntities200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

// filter narrows a list; what is nil does not.
type filter db.ListLegalEntitiesParams

// listing is one call of listLegalEntities or its former version.
type listing struct {
	operation.Caller
	filter
	isID, isSettlement, isFlag bool // what was sent can be read
	foreign                    bool // asks for another legal entity than the caller's, of which nothing is shown
}

func newListing(by operation.Caller, p api.ListLegalEntitiesParams) *listing {
	s := &listing{Caller: by, filter: filter{Edrpou: envelope.Sent(p.Edrpou), Type: envelope.Sent(p.Type), Status: envelope.Sent(p.Status)}}
	s.SettlementID, s.isSettlement = envelope.SentID(p.SettlementID)
	s.NHSVerified, s.isFlag = envelope.ParseBool(p.NhsVerified)
	s.ID, s.isID = envelope.SentID(p.LegalEntityID)
	if !s.SeesAll() {
		s.foreign = s.ID != nil && *s.ID != s.ClientID
		s.ID = &s.ClientID
	}
	return s
}

var listChecks = listChecksOf(rules.LegalEntityListLegalEntityID, rules.LegalEntityListSettlementID, rules.LegalEntityListNhsVerified)

func listChecksOf(id, settlement, verified rules.ID) []operation.Check[*listing] {
	return []operation.Check[*listing]{
		operation.IsUUID(id, "legal_entity_id", func(s *listing) bool { return s.isID }),
		operation.IsUUID(settlement, "settlement_id", func(s *listing) bool { return s.isSettlement }),
		operation.IsBoolean(verified, "nhs_verified", func(s *listing) bool { return s.isFlag }),
	}
}
