package encounterpackages

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/internal/operation"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/episodes"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/medicalrecords"
)

// SubmitEncounterPackage serves POST /api/patients/{patient_id}/encounter_package.
func (a *API) SubmitEncounterPackage(ctx context.Context, req api.SubmitEncounterPackageRequestObject) (api.SubmitEncounterPackageResponseObject, error) {
	job, err := Submit.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID}, body{EncounterPackageSubmit: *req.Body})
	return api.SubmitEncounterPackage202JSONResponse(job), err
}

// body of a submission or a cancellation, and what its content says.
type body struct {
	api.EncounterPackageSubmit
	content *content // from the checks of its shape on
}

func (b *body) read(sent map[string]any) (err error) {
	b.content, err = read(sent)
	return err
}

const family = "encounter_package.submit"

// mostValues is enough for ten megabytes of observations.
const mostValues = 1_000_000

// Submit stores what a doctor has signed of an encounter.
var Submit = operation.Package[*API, body]{
	ID: "submitEncounterPackage", Decides: episodes.Collection, Values: mostValues,
	Signed:  func(b *body) string { return b.SignedData },
	Decider: func(c *call) uuid.UUID { return idAt(c.Object(), "encounter", "episode") },
	Guard: []check{
		{Rule: rule("party"), Caller: operation.PartyIsVerified},
		{Rule: rule("party_deceased"), Caller: operation.PartyIsAlive},
		{Rule: rule("person"), Pass: operation.FindPatient[*API, struct{}, body]},
		{Rule: rule("person_active"), Pass: operation.CalledPatientIsActive[*API, struct{}, body]},
	},
	Checks: append([]check{
		{Rule: rule("legal_entity"), Caller: operation.HasLegalEntity},
		{Rule: rule("legal_entity_type"), Caller: operation.MayWorkWithMedicalEvents},
		{Rule: rule("legal_entity_status"), Caller: operation.LegalEntityIsActive},
	}, signedChecks[1]),
	Judged: slices.Concat(
		signedChecks[:1], signedChecks[2:],
		[]check{shape(family, "EncounterPackageContent"), oneOf(family)}, signer, visits, reports, observations, conditions, encounter, immunizations, allergies, risks, procedures,
	),
	Write:  write,
	Commit: keep,
}

// signedChecks are the checks of the container: base64, size, the others. The size is judged by the request.
var signedChecks = operation.SignedContent[*call](family, 1, 0)

// signer are the checks of who has signed.
var signer = []check{
	{Rule: rule("signed_drfo_present"), Pass: func(_ context.Context, c *call) error {
		return operation.Expect(c.Signer().DRFO != "", "drfo of the signer", "a number in the certificate", "none")
	}},
	{Rule: rule("signed_drfo"), Pass: ofPerformer(func(c *call, found *operation.Referent) error {
		return operation.Expect(operation.SameNumber(c.Signer().DRFO, found.TaxID), "drfo of the signer", "tax_id of the performer", "another number")
	})},
	{Rule: rule("performer_client"), Pass: ofPerformer(func(c *call, found *operation.Referent) error {
		return operation.Expect(found.LegalEntity == c.ClientID, "legal entity of the performer", c.ClientID, "another legal entity")
	})},
	{Rule: rule("performer_user"), Pass: ofPerformer(func(c *call, found *operation.Referent) error {
		return operation.Expect(c.Party != nil && found.Party == c.Party.ID, "performer of the encounter", "an employee that the user is", "another employee")
	})},
}

// ofPerformer makes a check of the performer of the encounter. One who is not found is judged with the encounter.
func ofPerformer(pass func(c *call, found *operation.Referent) error) func(ctx context.Context, c *call) error {
	return func(ctx context.Context, c *call) error {
		if _, err := c.Referent(ctx, "legal_entity", c.ClientID.String()); err != nil { // its name is stored
			return err
		}
		found, err := c.Body.content.performer(ctx, c)
		if err != nil || found == nil {
			return err
		}
		return pass(c, found)
	}
}

// idAt is the id that a reference of the content names.
func idAt(object map[string]any, names ...string) uuid.UUID {
	var value any = object
	for _, name := range names {
		fields, _ := value.(map[string]any)
		value = fields[name]
	}
	return medicalevents.IDIn(value)
}

// arrays of a package, in the order in which they are stored.
var arrays = []string{
	"conditions", "observations", "diagnostic_reports", "procedures", "immunizations", "allergy_intolerances", "risk_assessments",
}

// write is what the package stores and changes.
func write(c *call) operation.Written {
	if c.Body.content == nil {
		if err := c.Body.read(c.Object()); err != nil || c.Body.content == nil {
			return operation.Written{}
		}
	}
	p, w := c.Body.content, operation.Written{}
	add := func(collection string, id uuid.UUID, document any) {
		w.New = append(w.New, operation.Piece{Collection: collection, ID: id, Document: document})
	}
	p.finish(c)
	if visit := c.Body.Visit; visit != nil {
		add(medicalrecords.Visits, idOf(visit.ID), p.visit(c, visit))
	}
	for _, plural := range arrays {
		for _, r := range p.records(plural) {
			add(plural, r.Head().ID, r)
		}
	}
	add("encounters", p.Encounter.ID, p.Encounter) // last: it is the head

	w.Decision, w.While = p.decision(c)
	updated := p.reactions(&w)
	link := func(entity, plural string, id uuid.UUID) {
		w.Links = append(w.Links, jobs.Link{Entity: entity, Href: fmt.Sprintf("/api/patients/%s/%s/%s", c.Patient.ID, plural, id)})
	}
	link("encounter", "encounters", p.Encounter.ID)
	for _, k := range kinds {
		ids := p.ids(k.plural)
		if k.singular == "immunization" {
			ids = append(ids, updated...)
		}
		for _, id := range ids {
			link(k.singular, k.plural, id)
		}
	}
	return w
}

// decision is what the package makes of the episode of its encounter.
func (p *content) decision(c *call) (operation.Change, []operation.Demand) {
	diagnoses := p.Encounter.Diagnoses
	change := operation.Change{
		Set: map[string]any{},
		Push: map[string]any{"diagnoses_history": episodes.DiagnosesItem{
			Date: c.Now, IsActive: true, Evidence: medicalevents.To("encounter", p.Encounter.ID), Diagnoses: diagnoses,
		}},
	}
	if p.stored == nil {
		return change, nil // the job carries on
	}
	if len(diagnoses) > 0 {
		change.Set["current_diagnoses"] = diagnoses
	}
	after := *p.stored
	after.DiagnosesHistory = append(slices.Clone(after.DiagnosesHistory), episodes.DiagnosesItem{IsActive: true, Diagnoses: diagnoses})
	after.KeepItems()
	change.Set["items"], change.Set["revision"] = after.Items, p.stored.Revision+1
	return change, []operation.Demand{
		{Condition: equal("updated_at", p.stored.UpdatedAt)},
		{Condition: p.isAsRead()},
		{Rule: rule("episode_status"), Condition: equal("status", episodes.Active)},
		{Rule: rule("episode_organization"), Condition: equal("managing_organization.identifier.value", c.ClientID)},
	}
}

// isAsRead holds while no other package has changed the episode.
func (p *content) isAsRead() mongodb.Condition {
	if p.stored.Revision == 0 {
		return equal("revision", nil)
	}
	return equal("revision", p.stored.Revision)
}

func equal(field string, value any) mongodb.Condition {
	return mongodb.Condition{Field: field, Operator: mongodb.Equal, Values: []any{value}}
}

// reactions notes observations of what vaccinations have caused, and returns the ids of stored vaccinations.
func (p *content) reactions(w *operation.Written) (updated []uuid.UUID) {
	for i := range p.Observations {
		of := p.Observations[i].ReactionOn
		if of == nil || p.has("immunization", of.Identifier.Value) {
			continue
		}
		id := of.Identifier.Value
		if !slices.Contains(updated, id) {
			updated = append(updated, id)
		}
		w.Then = append(w.Then, operation.Changed{Collection: "immunizations", ID: id, Change: operation.Change{
			Push: map[string]any{"reactions": medicalrecords.ImmunizationReaction{Detail: medicalevents.To("observation", p.Observations[i].ID)}},
		}})
	}
	return updated
}

// keep stores what was signed.
func keep(ctx context.Context, tx postgres.Tx, c *call) error {
	return medicalevents.Keep(ctx, tx, c.API.Media, medicalevents.ContentName("encounters", c.Body.content.Encounter.ID, "create"), c.Body.SignedData)
}
