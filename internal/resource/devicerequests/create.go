package devicerequests

import (
	"context"
	"crypto/rand"
	"math/big"
	"slices"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/medicalevents"
)

// CreateDeviceRequest serves POST /api/patients/{patient_id}/device_requests.
func (a *API) CreateDeviceRequest(
	ctx context.Context, req api.CreateDeviceRequestRequestObject,
) (api.CreateDeviceRequestResponseObject, error) {
	job, err := Create.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID}, create{DeviceRequestNew: *req.Body})
	return api.CreateDeviceRequest202JSONResponse(job), err
}

// create is the body, and what the checks have found.
type create struct {
	api.DeviceRequestNew
	proposal  proposal
	program   Verdict
	encounter *operation.Referent
	number    string // hidden
	code      string // hidden, when a program pays
	phone     string // that gets both
}

type creating = operation.Call[*API, Document, create]

const createFamily = "device_request.create"

var created = asked[create]{family: createFamily, at: "$", of: func(b *create) *proposal { return &b.proposal }}

// Create prescribes a device.
var Create = operation.Addition[*API, Document, create]{
	ID: "createDeviceRequest", Collection: Collection, Kind: kind,
	Signed: func(b *create) string { return b.SignedData },
	Guard: []operation.Check[*creating]{
		{Rule: rules.DeviceRequestCreateParty, Caller: operation.PartyIsVerified},
		{Rule: rules.DeviceRequestCreatePartyDeceased, Caller: operation.PartyIsAlive},
	},
	Checks: slices.Concat(
		operation.SignedContent[*creating](createFamily, 1, 0),
		operation.SignerIsCaller[*creating](createFamily),
		[]operation.Check[*creating]{
			{Rule: rules.DeviceRequestCreateLegalEntity, Caller: operation.HasLegalEntity},
			{Rule: rules.DeviceRequestCreateLegalEntityStatus, Caller: operation.LegalEntityIsActive},
			{Rule: rules.DeviceRequestCreateLegalEntityType, Caller: operation.MayWorkWithMedicalEvents},
			operation.ContentIs[*API, Document](rules.DeviceRequestCreateContent, "DeviceRequestContent", func(b *create) any { return &b.proposal.DeviceRequestContent }),
			{Rule: rules.DeviceRequestCreatePerson, Pass: operation.FindPatient[*API, Document, create]},
			{Rule: rules.DeviceRequestCreatePersonActive, Pass: operation.CalledPatientIsActive[*API, Document, create]},
		},
		created.requester(),
		[]operation.Check[*creating]{created.check("quantity", (*proposal).hasQuantityForProgram)},
		created.content(),
		[]operation.Check[*creating]{
			{Rule: rules.DeviceRequestCreateID, Pass: operation.IsNew[*API, Document, create]},
			{Rule: rules.DeviceRequestCreateProgram, Or: ofPrograms[1:], Pass: programWouldPay},
		},
	),
	Prepare: prepare,
	New: func(c *creating) Document {
		d := c.Body.proposal.document()
		d.ID, d.Subject, d.Requisition, d.SealedWith = c.ID, c.Patient.Hidden[0], c.Body.number, c.PatientKeyID()
		d.Status, d.RequesterLegalEntity = Active, medicalevents.To("legal_entity", c.ClientID)
		d.RequesterLegalEntity.DisplayValue = c.Body.proposal.names[c.ClientID.String()]
		d.SignedContentLinks = []string{medicalevents.ContentName(Collection, c.ID, "create")}
		d.InsertedAt, d.InsertedBy, d.UpdatedAt, d.UpdatedBy = c.Now, c.UserID, c.Now, c.UserID
		days := c.Config.DeviceDispensePeriod
		if d.Program != nil {
			d.VerificationCode = &c.Body.code
			if of := int(c.Body.program.Program.DispenseDays); of > 0 {
				days = of
			}
		}
		d.DispenseValidTo = lastMoment(c.Now, days)
		if c.Body.encounter != nil {
			d.ContextEpisodeID = &c.Body.encounter.Episode
		}
		return d
	},
	Told: func(d *Document) operation.Told {
		return operation.Told{Entity: "DeviceRequest", Status: d.Status, Changeset: map[string]any{
			"status": d.Status, "intent": d.Intent, "requester": d.Requester.Identifier.Value, "requester_legal_entity": d.RequesterLegalEntity.Identifier.Value,
			"encounter": d.Encounter.Identifier.Value, "dispense_valid_to": d.DispenseValidTo,
		}}
	},
	Stored: func(ctx context.Context, c *creating, d *Document) (err error) {
		c.Body.phone, err = c.API.phone(ctx, c.Config, d)
		return err
	},
	Commit: func(ctx context.Context, tx postgres.Tx, c *creating, d *Document) error {
		if err := medicalevents.Keep(ctx, tx, c.API.Media, medicalevents.ContentName(Collection, c.ID, "create"), c.Body.SignedData); err != nil {
			return err
		}
		text, err := c.API.text(c.Config.DeviceRequestSMSText, d)
		if err != nil {
			return err
		}
		return c.API.inform(ctx, tx, c.Body.phone, text)
	},
}

func programWouldPay(ctx context.Context, c *creating) (err error) {
	p := &c.Body.proposal
	if p.Program == nil {
		return nil
	}
	if c.Body.program, err = p.judge(ctx, medicalevents.Received(*p.Program).Identifier.Value); err != nil {
		return err
	}
	i := slices.Index(reasons, c.Body.program.Reason)
	if i < 0 {
		return nil
	}
	return fault.Refuse(ofPrograms[i]).Because("PreQualify Device Request", "VALID", c.Body.program.Reason)
}

// reasons of a medical program not to pay, and the rules that refuse by them.
var (
	reasons    = []string{noProgram, notOfDevices, notAllowed, beingTreated, noParticipants, otherUnits, notDivisible}
	ofPrograms = []rules.ID{
		rules.DeviceRequestCreateProgram, rules.DeviceRequestCreateProgramType, rules.DeviceRequestCreateProgramAllowed,
		rules.DeviceRequestCreateProgramTreatment, rules.DeviceRequestCreateProgramParticipants, rules.DeviceRequestCreateProgramUnits,
		rules.DeviceRequestCreateProgramPackages,
	}
)

// prepare makes the number and the code, and looks up what is stored with the request.
func prepare(ctx context.Context, c *creating) (err error) {
	p := &c.Body.proposal
	if c.Body.encounter, err = p.encounter(ctx); err != nil {
		return err
	}
	if err := p.know(ctx, c.ClientID, c.Body.program.Program.Name); err != nil {
		return err
	}
	if c.Body.number, err = medicalevents.NumberOf(ctx, c.API.Engine, kind, c.ID, &c.Caller); err != nil || p.Program == nil {
		return err
	}
	code, err := newCode()
	c.Body.code, _ = c.API.Engine.Keys.DocumentCode(c.ID, code) // it is as long as a code
	return err
}

// codes is how many there are of four digits.
const codes = 10_000

func randomBelow(n int64) (int64, error) {
	one, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		return 0, err
	}
	return one.Int64(), nil
}
