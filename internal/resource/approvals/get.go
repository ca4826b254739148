package approvals

import (
	"context"
	"net/http"
	"slices"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// GetApproval serves GET /api/patients/{patient_id}/approvals/{id}. An approval
// that the caller may not see is answered by an empty list.
func (a *API) GetApproval(ctx context.Context, req api.GetApprovalRequestObject) (api.GetApprovalResponseObject, error) {
	c := a.call(ctx, operation.Path{Patient: req.PatientID, ID: req.ID})
	if err := operation.Run(ctx, getChecks, c); err != nil {
		return nil, err
	}
	visible, err := a.visible(ctx, &c.Caller, c.patient)
	if err != nil {
		return nil, err
	}
	if visible != nil && !slices.Contains(visible, c.approval.GrantedTo.Identifier.Value.ID) {
		return api.GetApproval200JSONResponse{Meta: envelope.ListMeta(ctx), Data: []any{}}, nil
	}
	shown, err := a.showDetails(c.approval, true)
	if err != nil {
		return nil, err
	}
	return api.GetApproval200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: shown}, nil
}

var getChecks = []operation.Check[*call]{
	{Rule: rules.ApprovalGetPerson, Pass: patientExists},
	{Rule: rules.ApprovalGetNotFound, Pass: approvalExists},
}
