package legalentities

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

// GetLegalEntity serves GET /api/v2/legal_entities/{id}.
func (a *API) GetLegalEntity(ctx context.Context, req api.GetLegalEntityRequestObject) (api.GetLegalEntityResponseObject, error) {
	s := &call{Caller: a.Engine.Caller(ctx), API: a}
	s.id, s.isID = envelope.ParseID(req.ID)
	if err := operation.Run(ctx, getChecks, s); err != nil {
		return nil, err
	}
	return api.GetLegalEntity200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.shown}, nil
}

// call is one call of getLegalEntity.
type call struct {
	operation.Caller
	*API
	id    uuid.UUID
	isID  bool
	shown api.LegalEntity
}

// Whose it is stands first: a stranger does not learn which legal entities exist.
var getChecks = []operation.Check[*call]{
	{Rule: rules.LegalEntityGetOwner, Pass: func(_ context.Context, s *call) error { return s.ExpectOwn(s.id) }},
	{Rule: rules.LegalEntityGetNotFound, Pass: func(ctx context.Context, s *call) (err error) {
		if !s.isID {
			return fault.ErrNotFound
		}
		s.shown, err = s.Store.get(ctx, s.id)
		return err
	}},
}
