package servicerequests

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
)

// ProcessServiceRequest serves PATCH /api/service_requests/{service_request_id}/actions/process.
func (a *API) ProcessServiceRequest(
	ctx context.Context, req api.ProcessServiceRequestRequestObject,
) (api.ProcessServiceRequestResponseObject, error) {
	job, err := Process.Start(ctx, a.Engine, a, operation.Path{ID: req.ServiceRequestID}, process{})
	return api.ProcessServiceRequest202JSONResponse(job), err
}

// process takes no body; it holds what the register says of the request's program.
type process struct{ register register }

type processing = operation.Call[*API, Document, process]

// Process begins the work on a service request that waits in the queue of the caller's
// legal entity.
var Process = operation.Transition[*API, Document, process]{
	ID: "processServiceRequest", Collection: Collection, Kind: kind,
	Checks: []operation.Check[*processing]{
		{Rule: rules.ServiceRequestProcessLegalEntity, Caller: operation.HasLegalEntity},
		{Rule: rules.ServiceRequestProcessLegalEntityType, Caller: operation.MayWorkWithMedicalEvents},
		{Rule: rules.ServiceRequestProcessLegalEntityStatus, Caller: operation.LegalEntityIsActive},
		{Rule: rules.ServiceRequestProcessNotFound, Want: operation.Exists},
		{Rule: rules.ServiceRequestProcessStatus, Field: "status", Want: operation.Is(Active)},
		{Rule: rules.ServiceRequestProcessProgramStatus, Field: "program_processing_status", Want: operation.Is(ProgramInQueue)},
		{Rule: rules.ServiceRequestProcessProgramExists, Pass: ownProgramExists},
		{Rule: rules.ServiceRequestProcessProgramType, Pass: func(_ context.Context, c *processing) error { return c.Body.register.paysForServices() }},
		{Rule: rules.ServiceRequestProcessProgramService, Pass: func(_ context.Context, c *processing) error { return c.Body.register.includesService() }},
		{Rule: rules.ServiceRequestProcessRequestAllowed, Pass: func(_ context.Context, c *processing) error { return c.Body.register.allowsRequests() }},
		{Rule: rules.ServiceRequestProcessAccess, Pass: mayReadPatient[process]},
		{Rule: rules.ServiceRequestProcessOwner, Field: "used_by_legal_entity.identifier.value", Want: operation.Is(operation.Client)},
	},
	Change: func(c *processing) operation.Change {
		return operation.Change{
			Set:  map[string]any{"program_processing_status": ProgramInProgress},
			Push: map[string]any{"program_processing_status_history": programChange(c.Caller, ProgramInProgress)},
		}
	},
	Event: operation.Event{Entity: "ServiceRequest", Attribute: "program_processing_status", To: []string{ProgramInProgress}},
}

func ownProgramExists(ctx context.Context, c *processing) (err error) {
	asked := db.GetServiceRequestUseParams{ServiceID: &c.Document.Code.Identifier.Value}
	if c.Document.Program != nil {
		asked.ProgramID = c.Document.Program.Identifier.Value
	}
	if c.Body.register, err = c.API.lookUp(ctx, asked); err != nil {
		return err
	}
	return c.Body.register.exists()
}

// programChange is an entry of program_processing_status_history.
func programChange(by operation.Caller, status string) ProgramChange {
	return ProgramChange{ProgramProcessingStatus: status, Change: Change{InsertedAt: by.Now, InsertedBy: by.UserID}}
}
