package episodes

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/subject"
	"esoz/internal/resource/medicalevents"
)

// CreateEpisode serves POST /api/patients/{patient_id}/episodes.
func (a *API) CreateEpisode(ctx context.Context, req api.CreateEpisodeRequestObject) (api.CreateEpisodeResponseObject, error) {
	job, err := Create.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID}, *req.Body)
	return api.CreateEpisode202JSONResponse(job), err
}

type creating = operation.Call[*API, Document, api.EpisodeCreate]

var (
	managingOrganization = operation.Reference[*creating]{
		Kind: "legal_entity", Field: "managing_organization",
		Sent: func(c *creating) *api.ReferenceRequest { return &c.Body.ManagingOrganization },
	}
	careManager = operation.Reference[*creating]{
		Kind: "employee", Field: "care_manager", Sent: func(c *creating) *api.ReferenceRequest { return &c.Body.CareManager },
	}
)

// Create begins an episode.
var Create = operation.Addition[*API, Document, api.EpisodeCreate]{
	ID: "createEpisode", Collection: Collection, Kind: kind,
	IDOf: func(b *api.EpisodeCreate) uuid.UUID {
		id, _ := envelope.ParseID(b.ID) // the contract's schema has judged it
		return id
	},
	Guard: []operation.Check[*creating]{
		{Rule: rules.EpisodeCreateParty, Caller: operation.PartyIsVerified},
		{Rule: rules.EpisodeCreateLegalEntity, Caller: operation.HasLegalEntity},
		{Rule: rules.EpisodeCreateLegalEntityType, Caller: operation.MayWorkWithMedicalEvents},
		{Rule: rules.EpisodeCreateLegalEntityStatus, Caller: operation.LegalEntityIsActive},
		{Rule: rules.EpisodeCreatePerson, Pass: operation.FindPatient[*API, Document, api.EpisodeCreate]},
		{Rule: rules.EpisodeCreatePersonActive, Pass: operation.CalledPatientIsActive[*API, Document, api.EpisodeCreate]},
	},
	Checks: []operation.Check[*creating]{
		managingOrganization.IsCallers(rules.EpisodeCreateManagingOrganization),
		managingOrganization.Exists(rules.EpisodeCreateManagingOrganizationExists),
		managingOrganization.InStatus(rules.EpisodeCreateManagingOrganizationStatus, subject.Active),
		managingOrganization.IsOneCoding(rules.EpisodeCreateManagingOrganizationCoding),
		{Rule: rules.EpisodeCreateType, Pass: typeIsKnown},
		{Rule: rules.EpisodeCreatePeriodStart, Pass: startIsPast},
		careManager.Exists(rules.EpisodeCreateCareManager),
		{Rule: rules.EpisodeCreateID, Pass: operation.IsNew[*API, Document, api.EpisodeCreate]},
		{Rule: rules.EpisodeCreateTypeAllowed, Pass: legalEntityMayHaveType},
		{Rule: rules.EpisodeCreateTypeAllowedEmployee, Pass: employeeMayHaveType},
		careManager.OfType(rules.EpisodeCreateCareManagerType, careManagerTypes),
		careManager.InStatus(rules.EpisodeCreateCareManagerStatus, approved),
		careManager.OfCaller(rules.EpisodeCreateCareManagerOrganization),
	},
	New: func(c *creating) Document {
		organization, manager := medicalevents.Received(c.Body.ManagingOrganization), medicalevents.Received(c.Body.CareManager)
		organization.DisplayValue, manager.DisplayValue = managingOrganization.Display(c), careManager.Display(c)
		return Document{
			ID: c.ID, PatientID: c.Patient.Hidden[0], SealedWith: c.PatientKeyID(),
			Type:   medicalevents.Coding{System: string(c.Body.Type.System), Code: c.Body.Type.Code},
			Status: Active, Name: c.Body.Name, ManagingOrganization: organization, CareManager: manager,
			Period:        medicalevents.Period{Start: moment(c.Body.Period.Start)},
			StatusHistory: []StatusChange{{Status: Active, InsertedAt: c.Now, InsertedBy: c.UserID}},
			InsertedAt:    c.Now, InsertedBy: c.UserID, UpdatedAt: c.Now, UpdatedBy: c.UserID,
		}
	},
}

// approved is the status of an employee who works.
const approved = "APPROVED"

func careManagerTypes(c *operation.Caller) []string { return c.Config.EpisodeCareManagerTypes }

const types = "eHealth/episode_types"

func typeIsKnown(_ context.Context, c *creating) error {
	codes, code := c.API.Dictionaries.Codes(types), c.Body.Type.Code
	return operation.Expect(slices.Contains(codes, code) || c.API.Dictionaries.IsOpen(types), "type", codes, "another code", "code", code)
}

func startIsPast(_ context.Context, c *creating) error {
	return operation.Expect(!moment(c.Body.Period.Start).After(c.Now), "period.start", "not after "+c.Now.Format(time.RFC3339), "a later moment")
}

func legalEntityMayHaveType(_ context.Context, c *creating) error {
	if c.LegalEntity == nil {
		return nil
	}
	return typeIsAmong(c.Config.EpisodeLETypes[c.LegalEntity.Type], c.Body.Type.Code, "the caller's legal entity of type "+c.LegalEntity.Type)
}

func employeeMayHaveType(ctx context.Context, c *creating) error {
	found, err := careManager.Referent(ctx, c)
	if err != nil || found == nil {
		return err
	}
	return typeIsAmong(c.Config.EpisodeEmployeeTypes[found.Type], c.Body.Type.Code, "a care_manager of type "+found.Type)
}

func typeIsAmong(allowed []string, code, of string) error {
	return operation.Expect(slices.Contains(allowed, code), "type of an episode of "+of, allowed, code, "type", code)
}

// moment reads a date and time, or a date as its beginning. The contract's schema has
// judged its form.
func moment(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		at, _ = time.Parse(time.DateOnly, text)
	}
	return at.UTC().Truncate(time.Millisecond)
}
