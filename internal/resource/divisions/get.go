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

// GetDivision serves GET /api/divisions/{id}.
func (a *API) GetDivision(ctx context.Context, req api.GetDivisionRequestObject) (api.GetDivisionResponseObject, error) {
	found, err := a.get(ctx, auth.From(ctx), req.ID)
	if err != nil {
		return nil, err
	}
	return api.GetDivision200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: found}, nil
}

// get returns a division in any status. In this order:
//
//	division.get.not_found   the division exists
//	division.get.owner       and is the caller's
func (a *API) get(ctx context.Context, by auth.Subject, id string) (api.Division, error) {
	found, err := a.find(ctx, id, rules.DivisionGetNotFound)
	if err != nil {
		return api.Division{}, err
	}
	if a.config.Get().On(rules.DivisionGetOwner) && found.legalEntityID != by.ClientID {
		return api.Division{}, fault.Refuse(rules.DivisionGetOwner)
	}
	return found.shown, nil
}

// find returns the division that a path names, or refuses by the given rule. A
// malformed id is not found (decisions R12).
func (a *API) find(ctx context.Context, id string, notFound rules.ID) (*division, error) {
	parsed, ok := envelope.ParseID(id)
	if !ok {
		return nil, fault.Refuse(notFound)
	}
	found, err := a.store.get(ctx, parsed)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, fault.Refuse(notFound)
	}
	return found, err
}
