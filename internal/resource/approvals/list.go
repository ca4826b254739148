package approvals

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/validation"
)

// ListApprovals serves GET /api/patients/{patient_id}/approvals.
func (a *API) ListApprovals(ctx context.Context, req api.ListApprovalsRequestObject) (api.ListApprovalsResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := a.list(ctx, auth.From(ctx), req.PatientID, req.Params, page)
	if err != nil {
		return nil, err
	}
	data := make([]api.ApprovalDetails, len(found))
	for i := range found {
		if data[i], err = a.renderDetails(&found[i], false); err != nil {
			return nil, err
		}
	}
	return api.ListApprovals200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// list returns the approvals of a patient that the caller may see . In this order, the first three in one answer:
//
//	approval.list.id_filter        ids are uuids
//	approval.list.boolean_filter   flags are true or false
//	approval.list.access_level     access_level is read or write
//	approval.list.person           the patient exists
func (a *API) list(
	ctx context.Context, by auth.Subject, patientID string, params api.ListApprovalsParams, page envelope.Page,
) (found []Document, total int, err error) {
	f, refusal := filterOf(params, a.keys, a.config.Get())
	if refusal != nil {
		return nil, 0, refusal
	}
	patient, err := a.people.Patient(ctx, patientID)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, 0, fault.Refuse(rules.ApprovalListPerson)
	}
	if err != nil {
		return nil, 0, err
	}
	f.patient, f.now = patient.Hidden, a.clock.Now()
	if f.own, err = a.ownOnly(ctx, by, patient); err != nil {
		return nil, 0, err
	}
	return a.store.list(ctx, f, page)
}

// filterOf reads the query; everything that is wrong with it comes in one refusal.
func filterOf(params api.ListApprovalsParams, keys *seal.Keys, cfg *config.Config) (filter, *fault.Error) {
	f := filter{resourceType: params.GrantedResourceType, accessLevel: params.AccessLevel}
	var wrong [6]*fault.Error
	var resource *uuid.UUID
	f.grantedTo, wrong[0] = idOf("granted_to", params.GrantedTo)
	resource, wrong[1] = idOf("granted_resources", params.GrantedResources)
	f.reason, wrong[2] = idOf("reason", params.Reason)
	f.isVerified, wrong[3] = flagOf("is_verified", params.IsVerified)
	f.isExpired, wrong[4] = flagOf("is_expired", params.IsExpired)
	levels := []string{string(api.ApprovalAccessLevelRead), string(api.ApprovalAccessLevelWrite)}
	if cfg.On(rules.ApprovalListAccessLevel) && f.accessLevel != nil && !slices.Contains(levels, *f.accessLevel) {
		wrong[5] = fault.Refuse(rules.ApprovalListAccessLevel)
	}
	if resource != nil { // the patient as a resource lies hidden
		f.resource = []Value{{ID: *resource}, {Patient: keys.PatientID(*resource)}}
	}
	return f, fault.Join(wrong[:]...)
}

func idOf(parameter string, value *string) (*uuid.UUID, *fault.Error) {
	if value == nil {
		return nil, nil
	}
	id, ok := envelope.ParseID(*value)
	if !ok || !validation.IsUUID(*value) {
		return nil, fault.Refuse(rules.ApprovalListIDFilter, "parameter", parameter)
	}
	return &id, nil
}

func flagOf(parameter string, value *string) (*bool, *fault.Error) {
	if value == nil {
		return nil, nil
	}
	flag, err := strconv.ParseBool(*value)
	if err != nil || *value != strconv.FormatBool(flag) { // ParseBool also takes 1, T, TRUE
		return nil, fault.Refuse(rules.ApprovalListBooleanFilter, "parameter", parameter)
	}
	return &flag, nil
}
