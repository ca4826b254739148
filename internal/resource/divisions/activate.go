package divisions

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ActivateDivision serves PATCH /api/divisions/{id}/actions/activate.
func (a *API) ActivateDivision(ctx context.Context, req api.ActivateDivisionRequestObject) (api.ActivateDivisionResponseObject, error) {
	s := a.call(ctx, req.ID)
	if err := Activate.Run(ctx, s); err != nil {
		return nil, err
	}
	return api.ActivateDivision200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.division.shown}, nil
}

// Activate makes an INACTIVE division ACTIVE.
var Activate = operation.RowTransition[*call]{
	ID: "activateDivision",
	Checks: []operation.Check[*call]{
		{Rule: rules.DivisionActivateNotFound, Pass: isFoundActive},
		{Rule: rules.DivisionActivateOwner, Pass: isOwn},
		{Rule: rules.DivisionActivateLegalEntityActive, Caller: mayManage},
		{Rule: rules.DivisionActivateStatus, Pass: isIn(api.DivisionStatusINACTIVE)},
	},
	Moves: moves(api.DivisionStatusINACTIVE, api.DivisionStatusACTIVE),
	Write: func(ctx context.Context, s *call) error {
		return s.setStatus(ctx, transition{to: api.DivisionStatusACTIVE})
	},
}
