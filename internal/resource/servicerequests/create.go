package servicerequests

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/medicalevents"
)

// CreateServiceRequest serves POST /api/patients/{patient_id}/service_requests.
func (a *API) CreateServiceRequest(
	ctx context.Context, req api.CreateServiceRequestRequestObject,
) (api.CreateServiceRequestResponseObject, error) {
	job, err := Create.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID}, create{ServiceRequestNew: *req.Body})
	return api.CreateServiceRequest202JSONResponse(job), err
}

// create is the body, and what the checks have found.
type create struct {
	api.ServiceRequestNew
	proposal proposal
	register register
	number   string // hidden
	phone    string // that gets the number
}

type creating = operation.Call[*API, Document, create]

const createFamily = "service_request.create"

var created = asked[create]{family: createFamily, at: "$", of: func(b *create) *proposal { return &b.proposal }}

// Create writes a referral.
var Create = operation.Addition[*API, Document, create]{
	ID: "createServiceRequest", Collection: Collection, Kind: kind,
	Signed: func(b *create) string { return b.SignedData },
	Guard: []operation.Check[*creating]{
		{Rule: rules.ServiceRequestCreatePerson, Pass: operation.FindPatient[*API, Document, create]},
		{Rule: rules.ServiceRequestCreatePersonActive, Pass: operation.CalledPatientIsActive[*API, Document, create]},
	},
	Checks: slices.Concat(
		[]operation.Check[*creating]{
			{Rule: rules.ServiceRequestCreateLegalEntity, Caller: operation.HasLegalEntity},
			{Rule: rules.ServiceRequestCreateLegalEntityType, Caller: operation.MayWorkWithMedicalEvents},
			{Rule: rules.ServiceRequestCreateLegalEntityStatus, Caller: operation.LegalEntityIsActive},
			{Rule: rules.ServiceRequestCreateLegalEntityVerified, Caller: operation.LegalEntityIsVerified},
		},
		operation.SignedContent[*creating](createFamily, 1, 0),
		operation.SignerIsCaller[*creating](createFamily),
		[]operation.Check[*creating]{
			{Rule: rules.ServiceRequestCreateRequester, Pass: requesterIsUser},
			operation.ContentIs[*API, Document](rules.ServiceRequestCreateContent, "ServiceRequestContent", func(b *create) any { return &b.proposal.ServiceRequestContent }),
		},
		created.shape(),
		[]operation.Check[*creating]{{Rule: rules.ServiceRequestCreateID, Pass: operation.IsNew[*API, Document, create]}},
		created.content(),
		[]operation.Check[*creating]{
			{Rule: rules.ServiceRequestCreateProgram, Pass: requestedProgramExists},
			{Rule: rules.ServiceRequestCreateProgramType, Pass: ofRequestedProgram(register.paysForServices)},
			{Rule: rules.ServiceRequestCreateProgramService, Pass: ofRequestedProgram(register.includesService)},
		},
	),
	Prepare: func(ctx context.Context, c *creating) (err error) {
		entity, id := "encounter", idOf(c.Body.proposal.Context)
		if c.Body.proposal.Context == nil {
			entity, id = kind, c.ID
		}
		if err := c.Body.proposal.know(ctx); err != nil {
			return err
		}
		c.Body.number, err = medicalevents.NumberOf(ctx, c.API.Engine, entity, id, &c.Caller)
		return err
	},
	Claim: claimQuantity, New: newDocument,
	Told: func(d *Document) operation.Told {
		return operation.Told{Changeset: map[string]any{
			"status": d.Status, "program_processing_status": d.ProgramProcessingStatus, "code": d.Code.Identifier.Value,
			"requester_employee": d.RequesterEmployee.Identifier.Value, "requester_legal_entity": d.RequesterLegalEntity.Identifier.Value,
		}}
	},
	Stored: func(ctx context.Context, c *creating, d *Document) error {
		told, err := c.API.isTold(ctx, d)
		if err == nil && !told {
			c.Body.phone, err = c.API.phoneOf(ctx, c.Patient.ID, d.InformWith)
		}
		return err
	},
	Commit: func(ctx context.Context, tx postgres.Tx, c *creating, d *Document) error {
		if err := medicalevents.Keep(ctx, tx, c.API.Media, medicalevents.ContentName(Collection, c.ID, "create"), c.Body.SignedData); err != nil {
			return err
		}
		return c.API.inform(ctx, tx, c.Body.phone, c.Config.ServiceRequestCreateSMS, d)
	},
}

// claimQuantity takes what is asked for from the activity that the check of what is left has
// read. When another job has claimed some since, the check is made again.
func claimQuantity(ctx context.Context, c *creating) error {
	isLeft := []operation.Check[*creating]{created.check("activity_quantity", (*proposal).enoughIsLeft)}
	for {
		p := &c.Body.proposal
		if p.planned == nil || p.wanted() == 0 || slices.ContainsFunc(p.planned.Claims, func(one claim) bool { return one.Job == p.job }) {
			return nil
		}
		err := c.API.claim(ctx, p.planned, claim{Job: p.job, Referral: c.ID, Quantity: p.wanted()})
		if !errors.Is(err, fault.ErrStale) {
			return err
		}
		if err := operation.Run(ctx, isLeft, c); err != nil {
			return err
		}
	}
}

func requesterIsUser(ctx context.Context, c *creating) error {
	own, err := c.API.People.Employees(ctx, c.Subject)
	if err != nil {
		return err
	}
	return operation.Expect(slices.Contains(own, medicalevents.IDIn(c.Object()["requester_employee"])),
		"requester_employee of the content", "an employee that the user is", "another employee, or none")
}

func requestedProgramExists(ctx context.Context, c *creating) (err error) {
	if c.Body.proposal.Program == nil {
		return nil
	}
	c.Body.register, err = c.API.lookUp(ctx, db.GetServiceRequestUseParams{
		ProgramID: idOf(c.Body.proposal.Program), ServiceID: new(idOf(&c.Body.proposal.Code)),
	})
	if err != nil {
		return err
	}
	return c.Body.register.exists()
}

func ofRequestedProgram(pass func(r register) error) func(ctx context.Context, c *creating) error {
	return func(_ context.Context, c *creating) error {
		if c.Body.proposal.Program == nil {
			return nil
		}
		return pass(c.Body.register)
	}
}

// newDocument is the referral as it is stored.
func newDocument(c *creating) Document {
	p, by := &c.Body.proposal, Change{InsertedAt: c.Now, InsertedBy: c.UserID}
	d := Document{
		ID: c.ID, Subject: c.Patient.Hidden[0], Requisition: c.Body.number, SealedWith: c.PatientKeyID(),
		Status: Active, StatusHistory: []StatusChange{{Status: Active, Change: by}},
		Intent: p.Intent, Priority: &p.Priority, BasedOn: p.received(p.BasedOn), Category: medicalevents.ReceivedConcept(p.Category),
		Code: medicalevents.Received(p.Code), Context: medicalevents.Optional(p.Context, medicalevents.Received),
		RequesterEmployee: p.named(p.RequesterEmployee), RequesterLegalEntity: p.named(p.RequesterLegalEntity),
		ReasonReference: p.received(p.ReasonReference), SupportingInfo: p.received(p.SupportingInfo), PermittedResources: p.received(p.PermittedResources),
		Performer: medicalevents.Optional(p.Performer, p.named), PerformerType: medicalevents.Optional(p.PerformerType, medicalevents.ReceivedConcept),
		LocationReference: medicalevents.Optional(p.LocationReference, medicalevents.Received),
		Quantity:          medicalevents.ReceivedQuantity(p.Quantity, c.API.Dictionaries),
		Specimens:         p.received(p.Specimens), Focus: p.received(p.Focus), InformWith: p.informWith(),
		Note: p.Note, PatientInstruction: p.PatientInstruction, ExpirationDate: lastMoment(c.Now, c.Config.ServiceRequestDays),
		SignedContentLinks: []string{medicalevents.ContentName(Collection, c.ID, "create")},
		InsertedAt:         c.Now, InsertedBy: c.UserID, UpdatedAt: c.Now, UpdatedBy: c.UserID,
	}
	d.RemainingQuantity = d.Quantity
	if p.encounter != nil && p.encounter.Episode != uuid.Nil {
		d.ContextEpisodeID = &p.encounter.Episode
	}
	if p.Program != nil {
		d.Program = new(medicalevents.Received(*p.Program))
		d.ProgramProcessingStatus = new(ProgramNew)
		d.ProgramProcessingStatusHistory = []ProgramChange{programChange(c.Caller, ProgramNew)}
	}
	switch {
	case p.OccurrenceDateTime != nil:
		d.Occurrence = &Occurrence{DateTime: new(moment(*p.OccurrenceDateTime))}
	case p.OccurrencePeriod != nil:
		d.Occurrence = &Occurrence{Period: new(medicalevents.ReceivedPeriod(*p.OccurrencePeriod))}
	}
	return d
}

// lastMoment is the end of the day that is so many days from now.
func lastMoment(now time.Time, days int) time.Time {
	year, month, day := now.UTC().AddDate(0, 0, days).Date()
	return time.Date(year, month, day, 23, 59, 59, 0, time.UTC)
}
