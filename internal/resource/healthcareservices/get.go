package healthcareservices

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// GetHealthcareService serves GET /api/healthcare_services/{id}.
func (a *API) GetHealthcareService(ctx context.Context, req api.GetHealthcareServiceRequestObject) (api.GetHealthcareServiceResponseObject, error) {
	s := &call{Caller: a.Engine.Caller(ctx), API: a, pathID: req.ID}
	if err := operation.Run(ctx, getChecks, s); err != nil {
		return nil, err
	}
	return api.GetHealthcareService200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.shown}, nil
}

// call is one call of getHealthcareService.
type call struct {
	operation.Caller
	*API
	pathID      string
	shown       api.HealthcareService
	legalEntity uuid.UUID
}

var getChecks = []operation.Check[*call]{
	{Rule: rules.HealthcareServiceGetNotFound, Pass: func(ctx context.Context, s *call) (err error) {
		id, ok := envelope.ParseID(s.pathID)
		if !ok {
			return fault.ErrNotFound
		}
		s.shown, s.legalEntity, err = s.Store.get(ctx, id)
		return err
	}},
	{Rule: rules.HealthcareServiceGetOwner, Pass: func(_ context.Context, s *call) error { return s.ExpectOwn(s.legalEntity) }},
}
