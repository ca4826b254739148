package encounterpackages

import (
	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/medicalrecords"
)

func idOf(text string) uuid.UUID {
	id, _ := envelope.ParseID(text) // the schema has judged it
	return id
}

// visit is that of the body.
func (p *content) visit(c *call, sent *api.EncounterPackageVisit) medicalrecords.Visit {
	end := moment(sent.Period.End)
	return medicalrecords.Visit{
		Header: p.header(c, idOf(sent.ID)), Encounter: medicalevents.To("encounter", p.Encounter.ID),
		Period: medicalevents.Period{Start: moment(sent.Period.Start), End: &end},
	}
}

// header is what the documents of the package have in common.
func (p *content) header(c *call, id uuid.UUID) medicalrecords.Header {
	owner := medicalevents.To("legal_entity", c.ClientID)
	name(c, "legal_entity", &owner)
	return medicalrecords.Header{
		ID: id, PatientID: c.Patient.Hidden[0], SealedWith: c.PatientKeyID(), ContextEpisodeID: new(p.Encounter.Episode.Identifier.Value),
		ManagingOrganization: owner, InsertedAt: c.Now, InsertedBy: c.UserID, UpdatedAt: c.Now, UpdatedBy: c.UserID,
	}
}

// name gives a reference the display_value of what the checks have found.
func name(c *call, kind string, refs ...*reference) {
	for _, r := range refs {
		if r != nil {
			if found := c.Found(kind, r.Identifier.Value.String()); found != nil {
				r.DisplayValue = found.Display
			}
		}
	}
}

// finish adds to the documents what the server knows.
func (p *content) finish(c *call) {
	e := &p.Encounter
	e.Header = p.header(c, e.ID)
	for _, plural := range arrays {
		for _, r := range p.records(plural) {
			*r.Head() = p.header(c, r.Head().ID)
		}
	}
	e.SignedContentLinks = []string{medicalevents.ContentName("encounters", e.ID, "create")}
	name(c, "employee", &e.Performer)
	name(c, "division", e.Division)
	for i := range e.Participant {
		name(c, "employee", &e.Participant[i])
	}
	e.OriginEpisode = origin(c, e.IncomingReferral)
	for i := range e.Diagnoses {
		e.Diagnoses[i].Code = p.codeOf(e.Diagnoses[i].Condition.Identifier.Value)
	}
	e.KeepItems()
	for i := range p.Conditions {
		d := &p.Conditions[i]
		name(c, "employee", d.Asserter)
		d.KeepItems()
	}
	for i := range p.Observations {
		d := &p.Observations[i]
		name(c, "employee", d.Performer)
	}
	for i := range p.DiagnosticReports {
		d := &p.DiagnosticReports[i]
		name(c, "employee", &d.RecordedBy)
		name(c, "service", &d.Code)
		name(c, "division", d.Division)
		if d.Performer != nil {
			name(c, "employee", d.Performer.Reference)
		}
		if d.ResultsInterpreter != nil {
			name(c, "employee", d.ResultsInterpreter.Reference)
		}
		d.OriginEpisode = origin(c, d.BasedOn)
		d.KeepItems()
	}
	for i := range p.Procedures {
		d := &p.Procedures[i]
		name(c, "employee", &d.RecordedBy, d.Performer)
		name(c, "service", &d.Code)
		name(c, "division", d.Division)
		d.OriginEpisode = origin(c, d.BasedOn)
		d.KeepItems(p.reasons(d)...)
	}
	for i := range p.Immunizations {
		d := &p.Immunizations[i]
		name(c, "employee", d.Performer)
		d.Reactions = p.reactionsOf(d.ID)
	}
	for i := range p.AllergyIntolerances {
		d := &p.AllergyIntolerances[i]
		name(c, "employee", d.Asserter)
	}
	for i := range p.RiskAssessments {
		d := &p.RiskAssessments[i]
		name(c, "employee", &d.Performer)
	}
}

// origin is the episode that a referral was made in.
func origin(c *call, referral *reference) *reference {
	if referral == nil {
		return nil
	}
	found := c.Found("service_request", referral.Identifier.Value.String())
	if found == nil || found.Order == nil || found.Order.EpisodeID == nil {
		return nil
	}
	return new(medicalevents.To("episode", *found.Order.EpisodeID))
}

// codeOf a condition of the package, or of a stored one.
func (p *content) codeOf(id uuid.UUID) concept {
	for i := range p.Conditions {
		if p.Conditions[i].ID == id {
			return p.Conditions[i].Code
		}
	}
	return p.codes[id]
}

// reasons are the codes of the conditions that a procedure was done for.
func (p *content) reasons(d *medicalrecords.Procedure) (codes []concept) {
	for _, r := range d.ReasonReferences {
		if code := p.codeOf(r.Identifier.Value); len(code.Coding) > 0 {
			codes = append(codes, code)
		}
	}
	return codes
}

func (p *content) reactionsOf(id uuid.UUID) []medicalrecords.ImmunizationReaction {
	var reactions []medicalrecords.ImmunizationReaction
	for i := range p.Observations {
		if of := p.Observations[i].ReactionOn; of != nil && of.Identifier.Value == id {
			reactions = append(reactions, medicalrecords.ImmunizationReaction{Detail: medicalevents.To("observation", p.Observations[i].ID)})
		}
	}
	return reactions
}
