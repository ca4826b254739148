package personrequests

import (
	"context"
	"net/http"
	"slices"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// RejectPersonRequest serves PATCH /api/v2/person_requests/{id}/actions/reject.
func (a *API) RejectPersonRequest(ctx context.Context, req api.RejectPersonRequestRequestObject) (api.RejectPersonRequestResponseObject, error) {
	s := a.acting(ctx, req.ID)
	if err := Reject.Run(ctx, s); err != nil {
		return nil, err
	}
	return api.RejectPersonRequest200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.found.show()}, nil
}

// Reject gives a request up.
var Reject = operation.RowTransition[*acting]{
	ID: "rejectPersonRequest",
	Checks: slices.Concat(ofRequest("person_request.reject."), []operation.Check[*acting]{
		{Rule: rules.PersonRequestRejectStatus, Pass: isIn(api.PersonRequestStatusNEW, api.PersonRequestStatusAPPROVED)},
	}),
	Moves: moves(api.PersonRequestStatusREJECTED, api.PersonRequestStatusNEW, api.PersonRequestStatusAPPROVED),
	Write: func(ctx context.Context, s *acting) error {
		return s.setStatus(ctx, api.PersonRequestStatusREJECTED, nil)
	},
}
