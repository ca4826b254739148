package personrequests

import (
	"context"
	"net/http"
	"slices"

	"esoz/gen/api"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// RejectPersonRequest serves PATCH /api/v2/person_requests/{id}/actions/reject.
func (a *API) RejectPersonRequest(ctx context.Context, req api.RejectPersonRequestRequestObject) (api.RejectPersonRequestResponseObject, error) {
	s := a.acting(ctx, req.ID, v2)
	if err := rejects[v2].Run(ctx, s); err != nil {
		return nil, err
	}
	return api.RejectPersonRequest200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.found.show()}, nil
}

// rejects give a request up.
var rejects = ofVersions(rejection)

func rejection(v version) *operation.RowTransition[*acting] {
	return &operation.RowTransition[*acting]{
		ID: v.operation("rejectPersonRequest"),
		Checks: slices.Concat(ofRequest(v, "reject"), []operation.Check[*acting]{
			{Rule: v.family("reject") + "status", Pass: isIn(api.PersonRequestStatusNEW, api.PersonRequestStatusAPPROVED)},
		}),
		Moves: moves(api.PersonRequestStatusREJECTED, api.PersonRequestStatusNEW, api.PersonRequestStatusAPPROVED),
		Write: func(ctx context.Context, s *acting) error {
			return s.setStatus(ctx, api.PersonRequestStatusREJECTED, nil)
		},
	}
}
