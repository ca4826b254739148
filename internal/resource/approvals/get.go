package approvals

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// GetApproval serves GET /api/patients/{patient_id}/approvals/{id}.
func (a *API) GetApproval(ctx context.Context, req api.GetApprovalRequestObject) (api.GetApprovalResponseObject, error) {
	approval, err := a.get(ctx, auth.From(ctx), req.PatientID, req.ID)
	if err != nil {
		return nil, err
	}
	if approval == nil {
		return api.GetApproval200JSONResponse{Meta: envelope.ListMeta(ctx), Data: []any{}}, nil
	}
	rendered, err := a.renderDetails(approval, true)
	if err != nil {
		return nil, err
	}
	return api.GetApproval200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: rendered}, nil
}

// get returns an approval, nil when the caller may not see it . In this order:
//
//	approval.get.person      the patient exists
//	approval.get.not_found   the approval exists and is the patient's
func (a *API) get(ctx context.Context, by auth.Subject, patientID, id string) (*Document, error) {
	patient, err := a.people.Patient(ctx, patientID)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, fault.Refuse(rules.ApprovalGetPerson)
	}
	if err != nil {
		return nil, err
	}
	approval, err := a.find(ctx, patient, id)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, fault.Refuse(rules.ApprovalGetNotFound)
	}
	if err != nil {
		return nil, err
	}
	seen, err := a.ownOnly(ctx, by, patient)
	if err != nil {
		return nil, err
	}
	if seen != nil && !seen.has(approval) {
		return nil, nil
	}
	return approval, nil
}

// find returns an approval of the patient by the id of a path. A malformed id
// is not found (decisions R12).
func (a *API) find(ctx context.Context, patient operation.Person, id string) (*Document, error) {
	parsed, ok := envelope.ParseID(id)
	if !ok {
		return nil, fault.ErrNotFound
	}
	return a.store.get(ctx, patient.Hidden, parsed)
}

// ownOnly tells which approvals of a patient the caller sees: nil, that is all,
// with an active declaration, else those granted to the caller or asked for by
// an employee of theirs.
func (a *API) ownOnly(ctx context.Context, by auth.Subject, patient operation.Person) (*own, error) {
	declared, err := a.people.HasDeclaration(ctx, patient.ID, by.ClientID)
	if err != nil || declared {
		return nil, err
	}
	employees, err := a.people.Employees(ctx, by)
	if err != nil {
		return nil, err
	}
	return &own{grantedTo: append(slices.Clone(employees), by.ClientID), createdBy: employees}, nil
}

func (o *own) has(d *Document) bool {
	return slices.Contains(o.grantedTo, d.GrantedTo.Identifier.Value.ID) ||
		slices.Contains(o.createdBy, d.CreatedBy.Identifier.Value.ID)
}
