package divisions

import (
	"context"
	"errors"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// UpdateDivision serves PATCH /api/divisions/{id}.
func (a *API) UpdateDivision(ctx context.Context, req api.UpdateDivisionRequestObject) (api.UpdateDivisionResponseObject, error) {
	s := a.call(ctx, req.ID)
	s.body = req.Body
	if err := Update.Run(ctx, s); err != nil {
		return nil, err
	}
	return api.UpdateDivision200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.division.shown}, nil
}

// Update replaces a division's data and addresses; optional fields that were not
// sent stay.
var Update = operation.RowTransition[*call]{
	ID:    "updateDivision",
	Guard: updateRules.guard(),
	Body:  updateRules.body(),
	Checks: []operation.Check[*call]{
		{Rule: rules.DivisionUpdateNotFound, Pass: isFound},
		{Rule: rules.DivisionUpdateOwner, Pass: isOwn},
	},
	Write: func(ctx context.Context, s *call) error {
		updated, err := s.Store.update(ctx, s.change(s.division.id, s.division.legalEntityID, s.Engine.Clock.Now()))
		if errors.Is(err, fault.ErrNotFound) {
			return fault.ErrStale // the division went away or to another legal entity
		}
		s.division.shown = updated
		return err
	},
}
