package uaddresses

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// GetSettlement serves GET /api/uaddresses/settlements/{id}.
//
//	settlement.get.not_found  the id is one of a settlement
func (a *API) GetSettlement(ctx context.Context, req api.GetSettlementRequestObject) (api.GetSettlementResponseObject, error) {
	s := a.Cache.current.Load()
	id, ok := envelope.ParseID(req.ID)
	if !ok {
		return nil, fault.Refuse(rules.SettlementGetNotFound)
	}
	settlement, ok := s.settlement(id)
	if !ok {
		return nil, fault.Refuse(rules.SettlementGetNotFound)
	}
	return api.GetSettlement200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.render(&settlement)}, nil
}
