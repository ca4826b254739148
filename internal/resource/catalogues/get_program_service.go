package catalogues

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// GetProgramService serves GET /api/program_services/{id}.
func (a *API) GetProgramService(ctx context.Context, req api.GetProgramServiceRequestObject) (api.GetProgramServiceResponseObject, error) {
	s := &programServiceCall{Caller: a.Engine.Caller(ctx), API: a, pathID: req.ID}
	if err := operation.Run(ctx, programServiceGetChecks, s); err != nil {
		return nil, err
	}
	return api.GetProgramService200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.shown}, nil
}

// programServiceCall is one call of getProgramService.
type programServiceCall struct {
	operation.Caller
	*API
	pathID string
	shown  api.ProgramService
}

var programServiceGetChecks = []operation.Check[*programServiceCall]{
	{Rule: rules.ProgramServiceGetNotFound, Pass: func(ctx context.Context, s *programServiceCall) (err error) {
		id, ok := envelope.ParseID(s.pathID)
		if !ok {
			return fault.ErrNotFound
		}
		s.shown, err = s.Store.programService(ctx, id)
		return err
	}},
}
