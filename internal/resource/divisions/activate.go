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

// ActivateDivision serves PATCH /api/divisions/{id}/actions/activate.
func (a *API) ActivateDivision(ctx context.Context, req api.ActivateDivisionRequestObject) (api.ActivateDivisionResponseObject, error) {
	activated, err := a.activate(ctx, auth.From(ctx), req.ID)
	if err != nil {
		return nil, err
	}
	return api.ActivateDivision200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: activated}, nil
}

// activate makes an INACTIVE division ACTIVE. Who loses a race against another
// request is checked again and answered as the one who came second.
func (a *API) activate(ctx context.Context, by auth.Subject, id string) (api.Division, error) {
	for {
		current, err := a.checkActivate(ctx, by, id)
		if err != nil {
			return api.Division{}, err
		}
		changed, err := a.store.setStatus(ctx, current, transition{to: api.DivisionStatusACTIVE, by: by.UserID, at: a.clock.Now()})
		if !errors.Is(err, fault.ErrStale) {
			return changed, err
		}
	}
}

// checkActivate returns the division if it may be activated. In this order:
//
//	division.activate.not_found             the division exists and is_active
//	division.activate.owner                 it is the caller's
//	division.activate.legal_entity_active   the caller's legal entity is ACTIVE or SUSPENDED and is_active
//	division.activate.status                the division is INACTIVE
func (a *API) checkActivate(ctx context.Context, by auth.Subject, id string) (*division, error) {
	cfg := a.config.Get()
	current, err := a.find(ctx, id, rules.DivisionActivateNotFound)
	if err != nil {
		return nil, err
	}
	if !current.isActive {
		return nil, fault.Refuse(rules.DivisionActivateNotFound)
	}
	if cfg.On(rules.DivisionActivateOwner) && current.legalEntityID != by.ClientID {
		return nil, fault.Refuse(rules.DivisionActivateOwner)
	}
	if cfg.On(rules.DivisionActivateLegalEntityActive) && !by.LegalEntity.MayManageDivisions() {
		return nil, fault.Refuse(rules.DivisionActivateLegalEntityActive)
	}
	if status := current.shown.Status; status != api.DivisionStatusINACTIVE {
		return nil, fault.Refuse(rules.DivisionActivateStatus, "status", status)
	}
	return current, nil
}
