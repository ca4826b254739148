package declarationrequests

import (
	"context"
	"net/http"
	"slices"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/postgres"
)

// RejectDeclarationRequest serves PATCH /api/v3/declaration_requests/{id}/actions/reject.
func (a *API) RejectDeclarationRequest(
	ctx context.Context, req api.RejectDeclarationRequestRequestObject,
) (api.RejectDeclarationRequestResponseObject, error) {
	s := &reading{Caller: a.Engine.Caller(ctx), API: a, pathID: req.ID}
	if err := reject.Run(ctx, s); err != nil {
		return nil, err
	}
	data, err := renderDetails(s.found)
	if err != nil {
		return nil, err
	}
	return api.RejectDeclarationRequest200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: data}, nil
}

// reject gives a request up.
var reject = operation.RowTransition[*reading]{
	ID: "rejectDeclarationRequest",
	Checks: slices.Concat(ofRequest[*reading]("declaration_request.reject."), []operation.Check[*reading]{
		{Rule: rules.DeclarationRequestRejectVersion, Pass: isOfV3[*reading]},
		{Rule: rules.DeclarationRequestRejectStatus, Pass: isIn[*reading](statusNew, statusApproved)},
	}),
	Moves: moves(statusRejected, statusNew, statusApproved),
	Write: func(ctx context.Context, s *reading) error {
		reason := "doctor_reject"
		if s.found.Channel == channelPIS {
			reason = "doctor_rejected_over_limit"
		}
		m := movement{to: statusRejected, reason: &reason}
		err := postgres.InTx(ctx, s.Store.Pool, func(tx postgres.Tx) error { return s.Store.move(ctx, tx, s, m) })
		if err == nil {
			s.found.moved(m)
		}
		return err
	},
}
