package divisions

import (
	"context"
	"errors"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// UpdateDivision serves PATCH /api/divisions/{id}.
func (a *API) UpdateDivision(ctx context.Context, req api.UpdateDivisionRequestObject) (api.UpdateDivisionResponseObject, error) {
	updated, err := a.update(ctx, auth.From(ctx), req.ID, req.Body)
	if err != nil {
		return nil, err
	}
	return api.UpdateDivision200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: updated}, nil
}

// update replaces a division's data and addresses; optional fields that were
// not sent stay . Behind GuardUpdate and the schema, in this
// order:
//
//	division.update.location … phone_type_double   what the body means: bodyCheck.run
//	division.update.not_found                      the division exists
//	division.update.owner                          and is the caller's
func (a *API) update(ctx context.Context, by auth.Subject, id string, body *api.DivisionRequest) (api.Division, error) {
	check := a.newBodyCheck(updateRules, by.LegalEntity, body)
	if err := check.run(); err != nil {
		return api.Division{}, err
	}
	current, err := a.find(ctx, id, rules.DivisionUpdateNotFound)
	if err != nil {
		return api.Division{}, err
	}
	if a.config.Get().On(rules.DivisionUpdateOwner) && current.legalEntityID != by.ClientID {
		return api.Division{}, fault.Refuse(rules.DivisionUpdateOwner)
	}
	updated, err := a.store.update(ctx, change{
		id: current.id, legalEntityID: current.legalEntityID, body: normal(*body), mountainGroup: check.mountainGroup(),
		userID: by.UserID, at: a.clock.Now(),
	})
	if errors.Is(err, fault.ErrNotFound) {
		return api.Division{}, fault.Refuse(rules.DivisionUpdateNotFound)
	}
	return updated, err
}
