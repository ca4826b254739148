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
	"esoz/internal/platform/subject"
)

// DeactivateDivision serves PATCH /api/divisions/{id}/actions/deactivate.
func (a *API) DeactivateDivision(
	ctx context.Context, req api.DeactivateDivisionRequestObject,
) (api.DeactivateDivisionResponseObject, error) {
	deactivated, err := a.deactivate(ctx, auth.From(ctx), req.ID)
	if err != nil {
		return nil, err
	}
	return api.DeactivateDivision200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: deactivated}, nil
}

// deactivate makes an ACTIVE division INACTIVE. A pharmacy's leaves its medical
// programs with that. Who loses a race against another request is checked again
// and answered as the one who came second.
func (a *API) deactivate(ctx context.Context, by auth.Subject, id string) (api.Division, error) {
	for {
		current, err := a.checkDeactivate(ctx, by, id)
		if err != nil {
			return api.Division{}, err
		}
		changed, err := a.store.setStatus(ctx, current, transition{
			to: api.DivisionStatusINACTIVE, by: by.UserID, at: a.clock.Now(),
			endPrograms: by.LegalEntity != nil && by.LegalEntity.Type == subject.TypePharmacy,
		})
		if !errors.Is(err, fault.ErrStale) {
			return changed, err
		}
	}
}

// checkDeactivate returns the division if it may be deactivated. In this order:
//
//	division.deactivate.not_found             the division exists and is_active
//	division.deactivate.owner                 it is the caller's
//	division.deactivate.healthcare_services   it has no active healthcare service
//	division.deactivate.employees             no approved employee
//	division.deactivate.equipment             and no active equipment
//	division.deactivate.status                it is ACTIVE
//	division.deactivate.legal_entity_active   the caller's legal entity is ACTIVE or SUSPENDED and is_active
func (a *API) checkDeactivate(ctx context.Context, by auth.Subject, id string) (*division, error) {
	cfg := a.config.Get()
	current, err := a.find(ctx, id, rules.DivisionDeactivateNotFound)
	if err != nil {
		return nil, err
	}
	if !current.isActive {
		return nil, fault.Refuse(rules.DivisionDeactivateNotFound)
	}
	if cfg.On(rules.DivisionDeactivateOwner) && current.legalEntityID != by.ClientID {
		return nil, fault.Refuse(rules.DivisionDeactivateOwner)
	}
	uses, err := a.store.uses(ctx, current.id)
	if err != nil {
		return nil, err
	}
	if cfg.On(rules.DivisionDeactivateHealthcareServices) && uses.healthcareServices {
		return nil, fault.Refuse(rules.DivisionDeactivateHealthcareServices)
	}
	if cfg.On(rules.DivisionDeactivateEmployees) && uses.employees {
		return nil, fault.Refuse(rules.DivisionDeactivateEmployees)
	}
	if cfg.On(rules.DivisionDeactivateEquipment) && uses.equipment {
		return nil, fault.Refuse(rules.DivisionDeactivateEquipment)
	}
	if status := current.shown.Status; status != api.DivisionStatusACTIVE {
		return nil, fault.Refuse(rules.DivisionDeactivateStatus, "status", status)
	}
	if cfg.On(rules.DivisionDeactivateLegalEntityActive) && !by.LegalEntity.MayManageDivisions() {
		return nil, fault.Refuse(rules.DivisionDeactivateLegalEntityActive)
	}
	return current, nil
}
