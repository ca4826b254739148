package servicerequests

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
)

// ReleaseServiceRequest serves PATCH /api/service_requests/{service_request_id}/actions/release.
func (a *API) ReleaseServiceRequest(
	ctx context.Context, req api.ReleaseServiceRequestRequestObject,
) (api.ReleaseServiceRequestResponseObject, error) {
	job, err := Release.Start(ctx, a.Engine, a, operation.Path{ID: req.ServiceRequestID}, operation.NoBody{})
	return api.ReleaseServiceRequest202JSONResponse(job), err
}

// Release takes a service request out of the queue of the legal entity that
// reserved it. Any legal entity may do that (decisions R8).
var Release = operation.Transition[*API, Document, operation.NoBody]{
	ID: "releaseServiceRequest", Collection: Collection, Kind: kind,
	Checks: []operation.Check[*call]{
		{Rule: rules.ServiceRequestReleaseLegalEntity, Caller: operation.HasLegalEntity},
		{Rule: rules.ServiceRequestReleaseLegalEntityType, Caller: operation.MayWorkWithMedicalEvents},
		{Rule: rules.ServiceRequestReleaseLegalEntityStatus, Caller: operation.LegalEntityIsActive},
		{Rule: rules.ServiceRequestReleaseNotFound, Want: operation.Exists},
		{Rule: rules.ServiceRequestReleaseStatus, Field: "status", Want: operation.Is(Active)},
		{Rule: rules.ServiceRequestReleaseProgramStatus, Field: "program_processing_status", Want: operation.Is(ProgramInQueue)},
		{Rule: rules.ServiceRequestReleaseOwner, Field: "used_by_legal_entity.identifier.value", Want: operation.Is(operation.Client)},
	},
	Change: func(c *call) operation.Change {
		return operation.Change{
			Set: map[string]any{
				"used_by_employee": nil, "used_by_legal_entity": nil, "used_by_division": nil,
				"program_processing_status": ProgramNew,
			},
			Push: map[string]any{"program_processing_status_history": programChange(c.Caller, ProgramNew)},
		}
	},
	Event: operation.Event{Entity: "ServiceRequest", Attribute: "program_processing_status", To: []string{ProgramNew}},
}
