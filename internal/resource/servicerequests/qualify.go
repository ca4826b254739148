package servicerequests

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// QualifyServiceRequest serves POST /api/service_requests/{service_request_id}/actions/qualify.
func (a *API) QualifyServiceRequest(
	ctx context.Context, req api.QualifyServiceRequestRequestObject,
) (api.QualifyServiceRequestResponseObject, error) {
	c, err := Qualify.Ask(ctx, a.Engine, a, operation.Path{ID: req.ServiceRequestID}, *req.Body)
	if err != nil {
		return nil, err
	}
	data := make([]api.ServiceRequestQualification, len(req.Body.Programs))
	for i, sent := range req.Body.Programs {
		data[i], err = a.qualify(ctx, sent, c.Document.Code.Identifier.Value, func() error { return mayReadPatient(ctx, c) })
		if err != nil {
			return nil, err
		}
	}
	return api.QualifyServiceRequest200JSONResponse{Meta: envelope.ListMeta(ctx), Data: data}, nil
}

type qualifying = operation.Call[*API, Document, api.ServiceRequestQualify]

// Qualify asks which programs would pay for what is requested.
var Qualify = operation.Inquiry[*API, Document, api.ServiceRequestQualify]{
	ID: "qualifyServiceRequest", Collection: Collection, Kind: kind,
	Checks: []operation.Check[*qualifying]{
		{Rule: rules.ServiceRequestQualifyLegalEntity, Caller: operation.HasLegalEntity},
		{Rule: rules.ServiceRequestQualifyLegalEntityType, Caller: operation.MayWorkWithMedicalEvents},
		{Rule: rules.ServiceRequestQualifyLegalEntityStatus, Caller: operation.LegalEntityIsActive},
		{Rule: rules.ServiceRequestQualifyNotFound, Want: operation.Exists},
		{
			Rule: rules.ServiceRequestQualifyProgramStatus, Field: "program_processing_status",
			Want: operation.OneOf(ProgramNew, ProgramInQueue, ProgramInProgress),
		},
		{Rule: rules.ServiceRequestQualifyStatus, Field: "status", Want: operation.Is(Active)},
		carriedOut.ActivityIsOpen(rules.ServiceRequestQualifyActivity),
		carriedOut.SomethingIsLeft(rules.ServiceRequestQualifyQuantity),
		carriedOut.PlanIsActive(rules.ServiceRequestQualifyCarePlan),
		carriedOut.PlanHasNotEnded(rules.ServiceRequestQualifyCarePlanEnd),
	},
}

// carriedOut is the care plan that the service request is a part of.
var carriedOut = medicalevents.Plan[*qualifying]{
	BasedOn: func(c *qualifying) []medicalevents.Reference { return c.Document.BasedOn },
	Now:     func(c *qualifying) time.Time { return c.Now },
}

// qualify tells whether a program would pay for a service, and why not.
func (a *API) qualify(ctx context.Context, program api.ReferenceRequest, service uuid.UUID, mayRead func() error) (api.ServiceRequestQualification, error) {
	id := medicalevents.Received(program).Identifier.Value
	found, err := a.lookUp(ctx, db.GetServiceRequestUseParams{ProgramID: id, ServiceID: &service})
	if err != nil {
		return api.ServiceRequestQualification{}, err
	}
	told := api.ServiceRequestQualification{ProgramID: id.String(), ProgramName: nullable.NewNullNullable[string](), Status: api.ServiceRequestQualificationStatusVALID}
	if found.ProgramName != nil {
		told.ProgramName.Set(*found.ProgramName)
	}
	for _, reason := range []struct {
		text   string
		passes func() error
	}{
		{"Program not found", found.exists},
		{"Invalid program type", found.paysForServices},
		{"Service is not included in the program", found.includesService},
		{"Service request is not allowed for this service(service_group) in this programm", found.allowsRequests},
		{
			"User is not allowed to create service request with the program for the patient",
			mayRead,
		},
	} {
		err := reason.passes()
		if err == nil {
			continue
		}
		if !operation.Refuses(err) {
			return told, err
		}
		told.Status, told.RejectionReason = api.ServiceRequestQualificationStatusINVALID, &reason.text
		break
	}
	return told, nil
}
