package divisions

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/subject"
)

// DeactivateDivision serves PATCH /api/divisions/{id}/actions/deactivate.
func (a *API) DeactivateDivision(
	ctx context.Context, req api.DeactivateDivisionRequestObject,
) (api.DeactivateDivisionResponseObject, error) {
	s := a.call(ctx, req.ID)
	if err := Deactivate.Run(ctx, s); err != nil {
		return nil, err
	}
	return api.DeactivateDivision200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.division.shown}, nil
}

// Deactivate makes an ACTIVE division INACTIVE. A pharmacy's leaves its medical
// programs with that.
var Deactivate = operation.RowTransition[*call]{
	ID: "deactivateDivision",
	Checks: []operation.Check[*call]{
		{Rule: rules.DivisionDeactivateNotFound, Pass: isFoundActive},
		{Rule: rules.DivisionDeactivateOwner, Pass: isOwn},
		{Rule: rules.DivisionDeactivateHealthcareServices, Pass: unlessUsed(func(by *uses) bool { return by.healthcareServices })},
		{Rule: rules.DivisionDeactivateEmployees, Pass: unlessUsed(func(by *uses) bool { return by.employees })},
		{Rule: rules.DivisionDeactivateEquipment, Pass: unlessUsed(func(by *uses) bool { return by.equipment })},
		{Rule: rules.DivisionDeactivateStatus, Pass: isIn(api.DivisionStatusACTIVE)},
		{Rule: rules.DivisionDeactivateLegalEntityActive, Caller: mayManage},
	},
	Moves: moves(api.DivisionStatusACTIVE, api.DivisionStatusINACTIVE),
	Write: func(ctx context.Context, s *call) error {
		s.uses = nil // are looked up again if the division has changed meanwhile
		return s.setStatus(ctx, transition{
			to: api.DivisionStatusINACTIVE, endPrograms: s.LegalEntity != nil && s.LegalEntity.Type == subject.TypePharmacy,
		})
	},
}

// unlessUsed passes when the division has no such use. The first check that asks
// looks all uses up.
func unlessUsed(such func(by *uses) bool) func(context.Context, *call) error {
	return func(ctx context.Context, s *call) (err error) {
		if s.uses == nil {
			if s.uses, err = s.Store.uses(ctx, s.division.id); err != nil {
				return err
			}
		}
		return operation.Expect(!such(s.uses), "what uses the division", "nothing that is active", "something")
	}
}
