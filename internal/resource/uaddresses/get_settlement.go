package uaddresses

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// GetSettlement serves GET /api/uaddresses/settlements/{id}.
func (a *API) GetSettlement(ctx context.Context, req api.GetSettlementRequestObject) (api.GetSettlementResponseObject, error) {
	g := &getting{Caller: a.Engine.Caller(ctx), id: req.ID, all: a.Cache.Current()}
	if err := operation.Run(ctx, getChecks, g); err != nil {
		return nil, err
	}
	return api.GetSettlement200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: g.all.render(g.Config, &g.found)}, nil
}

// getting is one call of getSettlement.
type getting struct {
	operation.Caller
	id    string
	all   *snapshot
	found Settlement
}

var getChecks = []operation.Check[*getting]{{Rule: rules.SettlementGetNotFound, Pass: func(_ context.Context, g *getting) error {
	id, ok := envelope.ParseID(g.id)
	if ok {
		g.found, ok = g.all.settlement(id)
	}
	return operation.Expect(ok, "settlement", "exists", "nothing")
}}}
