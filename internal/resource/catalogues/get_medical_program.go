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

// GetMedicalProgram serves GET /api/medical_programs/{id}.
func (a *API) GetMedicalProgram(ctx context.Context, req api.GetMedicalProgramRequestObject) (api.GetMedicalProgramResponseObject, error) {
	s := &programCall{Caller: a.Engine.Caller(ctx), API: a, pathID: req.ID}
	if err := operation.Run(ctx, programGetChecks, s); err != nil {
		return nil, err
	}
	return api.GetMedicalProgram200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.shown}, nil
}

// programCall is one call of getMedicalProgram.
type programCall struct {
	operation.Caller
	*API
	pathID string
	shown  api.MedicalProgram
}

var programGetChecks = []operation.Check[*programCall]{
	{Rule: rules.MedicalProgramGetNotFound, Pass: func(ctx context.Context, s *programCall) (err error) {
		id, ok := envelope.ParseID(s.pathID)
		if !ok {
			return fault.ErrNotFound
		}
		s.shown, err = s.Store.program(ctx, id)
		return err
	}},
}
