package forbiddengroups

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// GetForbiddenGroup serves GET /api/forbidden_groups/{id}.
func (a *API) GetForbiddenGroup(ctx context.Context, req api.GetForbiddenGroupRequestObject) (api.GetForbiddenGroupResponseObject, error) {
	s := &call{Caller: a.Engine.Caller(ctx), API: a, pathID: req.ID}
	if err := operation.Run(ctx, getChecks, s); err != nil {
		return nil, err
	}
	return api.GetForbiddenGroup200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.shown}, nil
}

// call is one call of getForbiddenGroup.
type call struct {
	operation.Caller
	*API
	pathID string
	shown  api.ForbiddenGroup
}

var getChecks = []operation.Check[*call]{
	{Rule: rules.ForbiddenGroupGetNotFound, Pass: func(ctx context.Context, s *call) (err error) {
		id, ok := envelope.ParseID(s.pathID)
		if !ok {
			return fault.ErrNotFound
		}
		s.shown, err = s.Store.get(ctx, id)
		return err
	}},
}
