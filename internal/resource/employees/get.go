package employees

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// GetEmployee serves GET /api/employees/{id}.
func (a *API) GetEmployee(ctx context.Context, req api.GetEmployeeRequestObject) (api.GetEmployeeResponseObject, error) {
	s := &call{Caller: a.Engine.Caller(ctx), API: a, pathID: req.ID}
	if err := operation.Run(ctx, getChecks, s); err != nil {
		return nil, err
	}
	return api.GetEmployee200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.shown}, nil
}

var getChecks = []operation.Check[*call]{
	{Rule: rules.EmployeeGetNotFound, Pass: func(ctx context.Context, s *call) (err error) {
		id, ok := envelope.ParseID(s.pathID)
		if !ok {
			return fault.ErrNotFound
		}
		s.shown, s.legalEntity, err = s.Store.get(ctx, id)
		return err
	}},
	{Rule: rules.EmployeeGetOwner, Pass: func(_ context.Context, s *call) error {
		return s.ExpectOwn(s.legalEntity)
	}},
}
