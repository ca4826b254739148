package declarationrequests

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// GetDeclarationRequest serves GET /api/v3/declaration_requests/{id}.
func (a *API) GetDeclarationRequest(
	ctx context.Context, req api.GetDeclarationRequestRequestObject,
) (api.GetDeclarationRequestResponseObject, error) {
	s := &reading{Caller: a.Engine.Caller(ctx), API: a, pathID: req.ID}
	if err := operation.Run(ctx, getChecks, s); err != nil {
		return nil, err
	}
	data, err := renderDetails(s.found)
	if err != nil {
		return nil, err
	}
	return api.GetDeclarationRequest200JSONResponse{
		Meta: envelope.Meta(ctx, http.StatusOK), Data: data, Urgent: renderUrgent(s.found),
	}, nil
}

// reading is one call of getDeclarationRequest.
type reading struct {
	operation.Caller
	*API
	pathID string
	found  *details
}

var getChecks = []operation.Check[*reading]{
	{Rule: rules.DeclarationRequestGetNotFound, Pass: find},
	{Rule: rules.DeclarationRequestGetChannel, Pass: func(_ context.Context, s *reading) error {
		return operation.Expect(s.found.isShared(), "channel of the declaration request", "one that MIS may see", s.found.Channel)
	}},
	{Rule: rules.DeclarationRequestGetLegalEntity, Pass: func(_ context.Context, s *reading) error {
		return operation.Expect(s.found.isOf(s.ClientID), "legal entity of the declaration request", s.ClientID, "another legal entity")
	}},
}

// find passes when the request exists. A malformed id is not found (decisions R12).
func find(ctx context.Context, s *reading) (err error) {
	id, ok := envelope.ParseID(s.pathID)
	if !ok {
		return fault.ErrNotFound
	}
	s.found, err = s.Store.get(ctx, id)
	return err
}
