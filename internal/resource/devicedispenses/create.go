package devicedispenses

import (
	"context"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/subject"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/medicalevents"
)

// CreateDeviceDispense serves POST /api/patients/{patient_id}/device_dispenses.
func (a *API) CreateDeviceDispense(
	ctx context.Context, req api.CreateDeviceDispenseRequestObject,
) (api.CreateDeviceDispenseResponseObject, error) {
	job, err := Create.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID}, create{DeviceDispenseCreate: *req.Body})
	return api.CreateDeviceDispense202JSONResponse(job), err
}

// create is the body, and what the checks have found for it.
type create struct {
	api.DeviceDispenseCreate
	request *devicerequests.Document
	program devicerequests.Verdict
	details []detail // as in the body
	owner   *string  // the name of the legal entity
}

type creating = operation.Call[*API, Document, create]

var (
	performer = operation.Reference[*creating]{
		Kind: "employee", Field: "performer", Sent: func(c *creating) *api.ReferenceRequest { return &c.Body.Performer },
	}
	location = operation.Reference[*creating]{
		Kind: "division", Field: "location", Sent: func(c *creating) *api.ReferenceRequest { return &c.Body.Location },
	}
)

// Create keeps devices ready for a patient.
var Create = operation.Addition[*API, Document, create]{
	ID: "createDeviceDispense", Collection: Collection, Kind: kind,
	IDOf: func(b *create) uuid.UUID {
		id, _ := envelope.ParseID(b.ID) // the contract's schema has judged it
		return id
	},
	Guard: []operation.Check[*creating]{
		{Rule: rules.DeviceDispenseCreateParty, Caller: operation.PartyIsVerified},
		{Rule: rules.DeviceDispenseCreatePartyDeceased, Caller: operation.PartyIsAlive},
		{Rule: rules.DeviceDispenseCreateLegalEntity, Caller: operation.HasLegalEntity},
		{Rule: rules.DeviceDispenseCreateLegalEntityStatus, Caller: operation.LegalEntityIsActive},
	},
	Checks: []operation.Check[*creating]{
		{Rule: rules.DeviceDispenseCreatePerson, Pass: operation.FindPatient[*API, Document, create]},
		{Rule: rules.DeviceDispenseCreateID, Pass: operation.IsNew[*API, Document, create]},
		{Rule: rules.DeviceDispenseCreatePerformer, Pass: performerIsUser},
		performer.InStatus(rules.DeviceDispenseCreatePerformerStatus, "APPROVED"),
		performer.OfCaller(rules.DeviceDispenseCreatePerformerLegalEntity),
		{Rule: rules.DeviceDispenseCreatePerformerEndDate, Pass: performerStays},
		location.Exists(rules.DeviceDispenseCreateLocation),
		location.InStatus(rules.DeviceDispenseCreateLocationStatus, subject.Active),
		location.OfCaller(rules.DeviceDispenseCreateLocationLegalEntity),
		{Rule: rules.DeviceDispenseCreateLocationDls, Pass: locationIsVerified},
		{Rule: rules.DeviceDispenseCreateRequest, Pass: requestExists},
		{Rule: rules.DeviceDispenseCreateRequestPatient, Pass: requestIsOfPatient},
		{Rule: rules.DeviceDispenseCreateRequestIntent, Pass: requestIsOrder},
		{Rule: rules.DeviceDispenseCreateRequestStatus, Pass: requestIsActive},
		{Rule: rules.DeviceDispenseCreateRequestExpired, Pass: requestHasNotExpired},
		{Rule: rules.DeviceDispenseCreateProgram, Pass: programIsThatOfRequest},
		{Rule: rules.DeviceDispenseCreateQualify, Pass: programPays},
		{Rule: rules.DeviceDispenseCreateOtherDispense, Pass: nothingIsBeingDispensed},
		eachDetail(rules.DeviceDispenseCreateDetails, (*detail).isOne),
		eachDetail(rules.DeviceDispenseCreateDeviceKind, (*detail).namesDefinition),
		{Rule: rules.DeviceDispenseCreateDevice, Pass: devicesExist},
		eachDetail(rules.DeviceDispenseCreateDeviceMatch, (*detail).isPrescribed),
		eachDetail(rules.DeviceDispenseCreatePackagingUnit, (*detail).isCountedAsPrescribed),
		eachDetail(rules.DeviceDispenseCreatePackagingCount, (*detail).fillsPackages),
		eachDetail(rules.DeviceDispenseCreateProgramDeviceKind, (*detail).namesProgramDevice),
		eachDetail(rules.DeviceDispenseCreateProgramDevice, (*detail).programDeviceIsInDate),
		eachDetail(rules.DeviceDispenseCreateProgramDeviceDaily, (*detail).programDeviceIsEnough),
		eachDetail(rules.DeviceDispenseCreateProgramDeviceDefinition, (*detail).programDeviceIsDevice),
		eachDetail(rules.DeviceDispenseCreateProgramDeviceProgram, (*detail).programDeviceIsOfProgram),
		{Rule: rules.DeviceDispenseCreateParticipant, Pass: participantsExist},
		eachDetail(rules.DeviceDispenseCreateParticipantSingle, (*detail).isOneParticipant),
		{Rule: rules.DeviceDispenseCreateVerificationCode, Pass: codeFits},
		{Rule: rules.DeviceDispenseCreateQuantity, Pass: enoughIsLeft},
	},
	New: func(c *creating) Document {
		by, at := medicalevents.Received(c.Body.Performer), medicalevents.Received(c.Body.Location)
		by.DisplayValue, at.DisplayValue = performer.Display(c), location.Display(c)
		owner := medicalevents.To("legal_entity", c.ClientID)
		owner.DisplayValue = c.Body.owner
		d := Document{
			ID: c.ID, Subject: c.Patient.Hidden[0], SealedWith: c.PatientKeyID(),
			BasedOn: new(medicalevents.Received(c.Body.BasedOn)), Status: InProgress, PrimarySource: bool(c.Body.PrimarySource),
			Performer: &by, Location: &at, PerformerLegalEntity: &owner, Note: c.Body.Note,
			ContextEpisodeID: c.Body.request.ContextEpisodeID,
			InsertedAt:       c.Now, InsertedBy: c.UserID, UpdatedAt: c.Now, UpdatedBy: c.UserID,
		}
		if c.Body.WhenHandedOver != nil {
			d.WhenHandedOver = new(moment(*c.Body.WhenHandedOver))
		}
		if c.Body.Program != nil {
			d.Program = new(medicalevents.Received(*c.Body.Program))
			d.Program.DisplayValue = c.Body.program.Program.Name
		}
		for i := range c.Body.details {
			d.Details = append(d.Details, c.Body.details[i].stored(c))
		}
		return d
	},
	Told: func(d *Document) operation.Told {
		return operation.Told{Entity: entity, Status: d.Status, Changeset: map[string]any{
			"status": d.Status, "based_on": d.BasedOn.Identifier.Value, "performer": d.Performer.Identifier.Value, "location": d.Location.Identifier.Value,
		}}
	},
	Commit: func(ctx context.Context, tx postgres.Tx, c *creating, d *Document) error {
		return operation.Run(ctx, []operation.Check[*creating]{{
			Rule: rules.DeviceDispenseCreateOtherDispense,
			Pass: func(ctx context.Context, c *creating) error {
				return c.API.isFirst(ctx, tx, c, d.BasedOn.Identifier.Value)
			},
		}}, c)
	},
}

// moment reads a date and time; the contract's schema has judged its form.
func moment(text string) time.Time {
	at, _ := time.Parse(time.RFC3339Nano, text)
	return at.UTC().Truncate(time.Millisecond)
}
