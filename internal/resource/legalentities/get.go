package legalentities

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// GetLegalEntity serves GET /api/v2/legal_entities/{id}.
func (a *API) GetLegalEntity(ctx context.Context, req api.GetLegalEntityRequestObject) (api.GetLegalEntityResponseObject, error) {
	s := a.call(ctx, req.ID)
	if err := operation.Run(ctx, getChecks, s); err != nil {
		return nil, err
	}
	var shown api.LegalEntity
	if err := show(s.found, &shown); err != nil {
		return nil, err
	}
	return api.GetLegalEntity200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: shown}, nil
}

// call is one call of getLegalEntity or its former version.
type call struct {
	operation.Caller
	*API
	id    uuid.UUID
	isID  bool
	found db.PRMLegalEntityDetail
}

func (a *API) call(ctx context.Context, id string) *call {
	s := &call{Caller: a.Engine.Caller(ctx), API: a}
	s.id, s.isID = envelope.ParseID(id)
	return s
}

var getChecks = getChecksOf(rules.LegalEntityGetOwner, rules.LegalEntityGetNotFound)

// Whose it is stands first: a stranger does not learn which legal entities exist.
func getChecksOf(owner, notFound rules.ID) []operation.Check[*call] {
	return []operation.Check[*call]{
		{Rule: owner, Pass: func(_ context.Context, s *call) error { return s.ExpectOwn(s.id) }},
		{Rule: notFound, Pass: func(ctx context.Context, s *call) (err error) {
			if !s.isID {
				return fault.ErrNotFound
			}
			s.found, err = s.Store.get(ctx, s.id)
			return err
		}},
	}
}
