package servicerequests

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/resource/medicalevents"
)

// UseServiceRequest serves PATCH /api/service_requests/{service_request_id}/actions/use.
func (a *API) UseServiceRequest(
	ctx context.Context, req api.UseServiceRequestRequestObject,
) (api.UseServiceRequestResponseObject, error) {
	job, err := Use.Start(ctx, a.Engine, a, operation.Path{ID: req.ServiceRequestID}, use{ServiceRequestUse: *req.Body})
	return api.UseServiceRequest202JSONResponse(job), err
}

// use is the body, and what the register says of the objects that it names.
type use struct {
	api.ServiceRequestUse
	register register
}

type using = operation.Call[*API, Document, use]

// Use reserves a service request for the caller's legal entity, also one that
// another legal entity has reserved.
var Use = operation.Transition[*API, Document, use]{
	ID: "useServiceRequest", Collection: Collection, Kind: kind,
	Checks: []operation.Check[*using]{
		{Rule: rules.ServiceRequestUseLegalEntity, Caller: operation.HasLegalEntity},
		{Rule: rules.ServiceRequestUseLegalEntityType, Caller: operation.MayWorkWithMedicalEvents},
		{Rule: rules.ServiceRequestUseLegalEntityStatus, Caller: operation.LegalEntityIsActive},
		{Rule: rules.ServiceRequestUseNotFound, Want: operation.Exists},
		{Rule: rules.ServiceRequestUseProgram, Pass: isOfProgram},
		{Rule: rules.ServiceRequestUseExpired, Field: "expiration_date", Want: operation.AtLeast(operation.Now)},
		{Rule: rules.ServiceRequestUseStatus, Field: "status", Want: operation.Is(Active)},
		{Rule: rules.ServiceRequestUseUsed, Field: "used_by_legal_entity", Want: operation.Is(nil)},
		{Rule: rules.ServiceRequestUseCompleted, Field: "program_processing_status", Want: operation.IsNot(ProgramCompleted)},
		{Rule: rules.ServiceRequestUseProgramExists, Pass: programExists},
		{Rule: rules.ServiceRequestUseProgramType, Pass: func(_ context.Context, c *using) error { return c.Body.register.paysForServices() }},
		{Rule: rules.ServiceRequestUseProgramService, Pass: func(_ context.Context, c *using) error { return c.Body.register.includesService() }},
		{Rule: rules.ServiceRequestUseRequestAllowed, Pass: func(_ context.Context, c *using) error { return c.Body.register.allowsRequests() }},
		{Rule: rules.ServiceRequestUseAccess, Pass: mayReadPatient[use]},
		{Rule: rules.ServiceRequestUseEmployee, Pass: employeeIsOwn},
		{Rule: rules.ServiceRequestUseEmployeeType, Pass: employeeMayServe},
		{Rule: rules.ServiceRequestUseUsedByLegalEntity, Pass: legalEntityIsOwn},
		{Rule: rules.ServiceRequestUseDivision, Pass: divisionIsGiven},
		{Rule: rules.ServiceRequestUseDivisionLegalEntity, Pass: divisionIsOwn},
		{Rule: rules.ServiceRequestUsePerformer, Pass: divisionIsPerformers},
	},
	Change: func(c *using) operation.Change {
		by, status := Change{InsertedAt: c.Now, InsertedBy: c.UserID}, string(c.Config.ServiceRequestUseTarget)
		legalEntity := medicalevents.Received(c.Body.UsedByLegalEntity)
		change := operation.Change{
			Set: map[string]any{
				"used_by_employee": nil, "used_by_legal_entity": legalEntity, "used_by_division": nil,
				"program": medicalevents.Received(c.Body.Program), "program_processing_status": status,
			},
			Push: map[string]any{
				"used_by_legal_entity_history":      LegalEntityUse{UsedByLegalEntity: legalEntity, Change: by},
				"program_processing_status_history": ProgramChange{ProgramProcessingStatus: status, Change: by},
			},
		}
		if sent := c.Body.UsedByEmployee; sent != nil {
			employee := medicalevents.Received(*sent)
			change.Set["used_by_employee"] = employee
			change.Push["used_by_employee_history"] = EmployeeUse{UsedByEmployee: employee, Change: by}
		}
		if sent := c.Body.UsedByDivision; sent != nil {
			change.Set["used_by_division"] = medicalevents.Received(*sent)
		}
		return change
	},
	Event: operation.Event{
		Entity: "ServiceRequest", Attribute: "program_processing_status", To: []string{ProgramInProgress, ProgramInQueue},
	},
}

func isOfProgram(_ context.Context, c *using) error {
	return operation.Expect(c.Document.Program == nil || c.Document.Program.Identifier.Value == idOf(&c.Body.Program),
		"program of the service request", "the program of the body", "another program")
}

func programExists(ctx context.Context, c *using) (err error) {
	c.Body.register, err = c.API.lookUp(ctx, db.GetServiceRequestUseParams{
		ProgramID: idOf(&c.Body.Program), ServiceID: &c.Document.Code.Identifier.Value,
		EmployeeID: idOf(c.Body.UsedByEmployee), DivisionID: idOf(c.Body.UsedByDivision),
	})
	if err != nil {
		return err
	}
	return c.Body.register.exists()
}

func mayReadPatient[B any](ctx context.Context, c *operation.Call[*API, Document, B]) error {
	return c.MayRead(ctx, c.Document.RequesterLegalEntity.Identifier.Value)
}

func employeeIsOwn(_ context.Context, c *using) error {
	found := c.Body.register
	return operation.Expect(c.Body.UsedByEmployee == nil ||
		is(found.EmployeeLegalEntityID, c.ClientID) && is(found.EmployeeStatus, "APPROVED"),
		"used_by_employee", "an APPROVED employee of the caller's legal entity", "an unknown one, of another legal entity, or in another status")
}

// employeeMayServe knows more types of employees for procedures.
func employeeMayServe(_ context.Context, c *using) error {
	types := []string{"DOCTOR", "SPECIALIST"}
	switch categoryOf(&c.Document) {
	case "laboratory_procedure", "diagnostic_procedure", "procedure":
		types = append(types, "ASSISTANT", "LABORANT")
	}
	if c.Body.UsedByEmployee == nil {
		return nil
	}
	kind := *c.Body.register.EmployeeType
	return operation.Expect(slices.Contains(types, kind), "type of used_by_employee", types, kind)
}

func legalEntityIsOwn(_ context.Context, c *using) error {
	return operation.Expect(idOf(&c.Body.UsedByLegalEntity) == c.ClientID, "used_by_legal_entity", c.ClientID, "another legal entity")
}

func divisionIsGiven(_ context.Context, c *using) error {
	return operation.Expect(!isStay(&c.Document) || c.Body.UsedByDivision != nil, "used_by_division", "a division, because the category is "+categoryOf(&c.Document), "nothing",
		"category", categoryOf(&c.Document))
}

func divisionIsOwn(_ context.Context, c *using) error {
	return operation.Expect(categoryOf(&c.Document) != hospitalization || is(c.Body.register.DivisionLegalEntityID, idOf(&c.Body.UsedByLegalEntity)),
		"used_by_division", "an active division of used_by_legal_entity", "another division, or none")
}

func divisionIsPerformers(_ context.Context, c *using) error {
	performer := c.Document.Performer
	return operation.Expect(categoryOf(&c.Document) != transferOfCare || performer != nil && is(c.Body.register.DivisionLegalEntityID, performer.Identifier.Value),
		"used_by_division", "an active division of the request's performer", "another division, or none")
}

// Categories whose requests are used by a division.
const (
	hospitalization = "hospitalization"
	transferOfCare  = "transfer_of_care"
)

func categoryOf(d *Document) string { return d.Category.Coding[0].Code }

// isStay tells whether the patient is to be taken in.
func isStay(d *Document) bool {
	return categoryOf(d) == hospitalization || categoryOf(d) == transferOfCare
}

// idOf is the id that a reference of the body names, uuid.Nil without one.
func idOf(sent *api.ReferenceRequest) uuid.UUID {
	if sent == nil {
		return uuid.Nil
	}
	return medicalevents.Received(*sent).Identifier.Value
}

func is[T comparable](found *T, wanted T) bool { return found != nil && *found == wanted }
