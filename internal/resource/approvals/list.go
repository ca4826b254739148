package approvals

import (
	"context"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/validation"
	"esoz/internal/resource/medicalevents"
)

// ListApprovals serves GET /api/patients/{patient_id}/approvals.
func (a *API) ListApprovals(ctx context.Context, req api.ListApprovalsRequestObject) (api.ListApprovalsResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := a.list(ctx, req.PatientID, req.Params, page)
	if err != nil {
		return nil, err
	}
	data := make([]api.ApprovalDetails, len(found))
	for i := range found {
		if data[i], err = a.showDetails(&found[i], false); err != nil {
			return nil, err
		}
	}
	return api.ListApprovals200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// listing is one call of listApprovals.
type listing struct {
	operation.Caller
	*API
	patientID string
	patient   operation.Person
	wrong     operation.Refusals // what is wrong with the filters
}

var listChecks = []operation.Check[*listing]{
	{Rule: rules.ApprovalListIDFilter, Or: []rules.ID{
		rules.ApprovalListBooleanFilter, rules.ApprovalListAccessLevel,
	}, Pass: func(_ context.Context, s *listing) error {
		if len(s.wrong) > 0 {
			return s.wrong
		}
		return nil
	}},
	{Rule: rules.ApprovalListPerson, Pass: func(ctx context.Context, s *listing) (err error) {
		s.patient, err = s.Engine.People.Patient(ctx, s.patientID)
		return err
	}},
}

// list returns the approvals of a patient that the caller may see.
func (a *API) list(ctx context.Context, patientID string, params api.ListApprovalsParams, page envelope.Page) ([]Document, int, error) {
	s := &listing{Caller: a.Engine.Caller(ctx), API: a, patientID: patientID}
	f := s.filterOf(params)
	err := operation.Run(ctx, listChecks, s)
	if err != nil {
		return nil, 0, err
	}
	f.patient, f.now = s.patient.Hidden, s.Now
	if f.visible, err = a.visible(ctx, &s.Caller, s.patient); err != nil {
		return nil, 0, err
	}
	return a.store().list(ctx, f, page)
}

// filterOf reads the query, and notes what is wrong with it.
func (s *listing) filterOf(params api.ListApprovalsParams) filter {
	f := filter{resourceType: params.GrantedResourceType, accessLevel: params.AccessLevel}
	f.grantedTo = s.id("granted_to", params.GrantedTo)
	if id := s.id("granted_resources", params.GrantedResources); id != nil { // the patient as a resource lies hidden
		f.resource = []medicalevents.AnyID{{ID: *id}}
		for _, hidden := range s.Engine.Keys.PatientIDs(*id) {
			f.resource = append(f.resource, medicalevents.AnyID{Patient: hidden})
		}
	}
	f.reason = s.id("reason", params.Reason)
	f.isVerified = s.flag("is_verified", params.IsVerified)
	f.isExpired = s.flag("is_expired", params.IsExpired)
	levels := []string{string(api.ApprovalAccessLevelRead), string(api.ApprovalAccessLevelWrite)}
	if f.accessLevel != nil && !slices.Contains(levels, *f.accessLevel) {
		s.wrong = append(s.wrong, fault.Refuse(rules.ApprovalListAccessLevel).Because("access_level", levels, "another text"))
	}
	return f
}

func (s *listing) id(parameter string, value *string) *uuid.UUID {
	if value == nil {
		return nil
	}
	id, ok := envelope.ParseID(*value)
	if !ok || !validation.IsUUID(*value) {
		s.wrong = append(s.wrong, fault.Refuse(rules.ApprovalListIDFilter, "parameter", parameter).Because(parameter, "a UUID", "another text"))
	}
	return &id
}

func (s *listing) flag(parameter string, value *string) *bool {
	if value == nil {
		return nil
	}
	flag, err := strconv.ParseBool(*value)
	if err != nil || *value != strconv.FormatBool(flag) { // ParseBool also takes 1, T, TRUE
		s.wrong = append(s.wrong, fault.Refuse(rules.ApprovalListBooleanFilter, "parameter", parameter).Because(parameter, "true or false", "another text"))
	}
	return &flag
}
