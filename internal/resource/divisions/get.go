package divisions

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// GetDivision serves GET /api/divisions/{id}.
func (a *API) GetDivision(ctx context.Context, req api.GetDivisionRequestObject) (api.GetDivisionResponseObject, error) {
	s := a.call(ctx, req.ID)
	if err := operation.Run(ctx, getChecks, s); err != nil {
		return nil, err
	}
	return api.GetDivision200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.division.shown}, nil
}

var getChecks = []operation.Check[*call]{
	{Rule: rules.DivisionGetNotFound, Pass: isFound},
	{Rule: rules.DivisionGetOwner, Pass: isOwn},
}
