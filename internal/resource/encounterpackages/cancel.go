package encounterpackages

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/episodes"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/medicalrecords"
)

// CancelEncounterPackage serves PATCH /api/patients/{patient_id}/encounter_package.
func (a *API) CancelEncounterPackage(ctx context.Context, req api.CancelEncounterPackageRequestObject) (api.CancelEncounterPackageResponseObject, error) {
	sent := body{EncounterPackageSubmit: api.EncounterPackageSubmit{SignedData: req.Body.SignedData}}
	job, err := Cancel.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID}, sent)
	return api.CancelEncounterPackage202JSONResponse(job), err
}

const (
	cancelFamily = "encounter_package.cancel"
	reasons      = "eHealth/cancellation_reasons"
	medAdmin     = "MED_ADMIN" // the type of employees who may take back what others have signed
)

func cancelRule(name string) rules.ID { return rules.ID(cancelFamily + "." + name) }

// Cancel takes back what was entered in error of an encounter: everything, or some records.
var Cancel = operation.Package[*API, body]{
	ID: "cancelEncounterPackage", Decides: episodes.Collection, Values: mostValues,
	Signed:  func(b *body) string { return b.SignedData },
	Decider: func(c *call) uuid.UUID { return idAt(c.Object(), "encounter", "episode") },
	Guard: []check{
		{Rule: cancelRule("party"), Caller: operation.PartyIsVerified},
		{Rule: cancelRule("party_deceased"), Caller: operation.PartyIsAlive},
	},
	Checks: []check{
		{Rule: cancelRule("person"), Pass: operation.FindPatient[*API, struct{}, body]},
		{Rule: cancelRule("person_active"), Pass: operation.CalledPatientIsActive[*API, struct{}, body]},
		{Rule: cancelRule("legal_entity"), Caller: operation.HasLegalEntity},
		{Rule: cancelRule("legal_entity_type"), Caller: operation.MayWorkWithMedicalEvents},
		{Rule: cancelRule("legal_entity_status"), Caller: operation.LegalEntityIsActive},
		cancelSigned[1],
	},
	Judged: slices.Concat(cancelSigned[:1], cancelSigned[2:], []check{
		shape(cancelFamily, "EncounterPackageCancelContent"), oneOf(cancelFamily),
		{Rule: cancelRule("signed_drfo_present"), Pass: signerHasNumber},
		{Rule: cancelRule("signed_drfo"), Pass: signerMayCancel},
		{Rule: cancelRule("performer"), Pass: callerMayCancel},
		{Rule: cancelRule("not_found"), Pass: encounterExists},
		{Rule: cancelRule("episode"), Pass: itsEpisodeExists},
		{Rule: cancelRule("organization"), Pass: func(_ context.Context, c *call) error {
			owner := c.Body.content.stored.ManagingOrganization.Identifier.Value
			return operation.Expect(owner == c.ClientID, "legal entity of the episode", c.ClientID, "another legal entity")
		}},
		{Rule: cancelRule("something"), Pass: func(_ context.Context, c *call) error {
			takesRecords := slices.ContainsFunc(kinds, func(k kind) bool { return len(c.Body.content.taken(k)) > 0 })
			return operation.Expect(takesRecords || c.Body.content.takesEncounter(), "content", "something with the status "+inError, "nothing")
		}},
		{Rule: cancelRule("transition"), Pass: isTakenOnce},
		{Rule: cancelRule("content"), Pass: contentIsStored},
		{Rule: cancelRule("diagnosis"), Pass: diagnosesStay},
		{Rule: cancelRule("reason"), Pass: reasonIsKnown},
	}),
	Write:  takeBack,
	Commit: keepCancel,
}

// cancelSigned are the checks of the container; see signedChecks.
var cancelSigned = operation.SignedContent[*call](cancelFamily, 1, 0)

// originals are what is stored of a package.
type originals struct {
	encounter medicalrecords.Encounter
	of        map[string]map[uuid.UUID]stored // by the names of the arrays
}

// takesBack tells whether the content marks an object.
func takesBack(object any) bool {
	fields, _ := object.(map[string]any)
	return fields["status"] == inError || fields["verification_status"] == inError
}

func (p *content) takesEncounter() bool { return takesBack(p.sent["encounter"]) }

// taken are the records of a kind that the content marks.
func (p *content) taken(k kind) (taken []Record) {
	sent, _ := p.sent[k.plural].([]any)
	for i, r := range p.records(k.plural) {
		if takesBack(sent[i]) {
			taken = append(taken, r)
		}
	}
	return taken
}

func signerHasNumber(_ context.Context, c *call) error {
	return operation.Expect(c.Signer().DRFO != "", "drfo of the signer", "a number in the certificate", "none")
}

// signerMayCancel passes the performer, and the user, of whom the next check asks more.
func signerMayCancel(ctx context.Context, c *call) error {
	ok := c.Party != nil && operation.SameNumber(c.Signer().DRFO, c.Party.TaxID)
	if !ok {
		found, err := c.Body.content.performer(ctx, c)
		if err != nil {
			return err
		}
		ok = found != nil && operation.SameNumber(c.Signer().DRFO, found.TaxID)
	}
	return operation.Expect(ok, "drfo of the signer", "tax_id of the performer or of the user", "another number")
}

func callerMayCancel(ctx context.Context, c *call) error {
	e := &c.Body.content.Encounter
	own, err := c.API.People.Employees(ctx, c.Subject)
	if err != nil || slices.Contains(own, e.Performer.Identifier.Value) {
		return err
	}
	may, err := c.API.People.IsEmployee(ctx, c.Subject, medAdmin)
	if err == nil && !may {
		may, err = c.API.People.MayWrite(ctx, c.Subject, c.Patient, "encounter", []uuid.UUID{e.ID})
	}
	if err != nil {
		return err
	}
	return operation.Expect(may, "employees that the user is", "the performer, a "+medAdmin+", or one with an approval to write the encounter", "others")
}

func encounterExists(ctx context.Context, c *call) error {
	p := c.Body.content
	found, err := c.Stored(ctx, "encounters", []uuid.UUID{p.Encounter.ID})
	if err != nil {
		return err
	}
	one, ok := found[p.Encounter.ID]
	if ok = ok && slices.Contains(c.Patient.Hidden, one.Text("patient_id")); ok {
		if ok, err = operation.IsSeen(ctx, c.API.Engine.Documents, one); err != nil {
			return err
		}
	}
	if !ok {
		return fault.ErrNotFound
	}
	p.original.of = map[string]map[uuid.UUID]stored{"encounters": found}
	return one.Decode(&p.original.encounter)
}

func itsEpisodeExists(ctx context.Context, c *call) error {
	id := c.Body.content.original.encounter.Episode.Identifier.Value
	found, err := c.Stored(ctx, episodes.Collection, []uuid.UUID{id})
	if err != nil {
		return err
	}
	one, ok := found[id]
	if !ok {
		return fault.ErrNotFound
	}
	c.Body.content.stored = new(episodes.Document)
	return one.Decode(c.Body.content.stored)
}

// isTakenOnce passes when nothing of the content was taken back before. The episode knows first.
func isTakenOnce(ctx context.Context, c *call) error {
	p := c.Body.content
	refuse := func(kind string) error {
		return operation.Explained(fault.NewFact(kind, "in force", inError), "kind", kind)
	}
	i := p.historyItem(p.stored)
	if p.original.encounter.Status == inError || i >= 0 && !p.stored.DiagnosesHistory[i].IsActive {
		return refuse("encounter")
	}
	for _, k := range kinds {
		found, err := c.Stored(ctx, k.plural, p.ids(k.plural))
		if err != nil {
			return err
		}
		p.original.of[k.plural] = found
		for id, one := range found {
			if !p.isPart(c, one) {
				delete(found, id) // the next check says so
				continue
			}
			before := i >= 0 && slices.Contains(p.stored.DiagnosesHistory[i].Cancelled, k.name(id))
			if before || one.Text(k.status()) == inError {
				return refuse(k.inTexts())
			}
		}
	}
	return nil
}

// isPart tells whether a stored record belongs to the encounter.
func (p *content) isPart(c *call, one stored) bool {
	encounter := cmp.Or(one.ID("context.identifier.value"), one.ID("encounter.identifier.value"))
	return encounter == p.Encounter.ID && slices.Contains(c.Patient.Hidden, one.Text("patient_id"))
}

// historyItem is the place of the encounter among the diagnoses of an episode, -1 when there is none.
func (p *content) historyItem(in *episodes.Document) int {
	return slices.IndexFunc(in.DiagnosesHistory, func(i episodes.DiagnosesItem) bool { return i.Evidence.Identifier.Value == p.Encounter.ID })
}

// name of a record in the episode.
func (k kind) name(id uuid.UUID) string { return k.plural + "/" + id.String() }

// status is the field that tells that a record was entered in error.
func (k kind) status() string {
	if k.plural == "conditions" || k.plural == "allergy_intolerances" {
		return "verification_status"
	}
	return "status"
}

// inTexts is the word of the refusal for the kind.
func (k kind) inTexts() string {
	if k.singular == "diagnostic_report" {
		return k.plural // as the documents have it
	}
	return k.singular
}

// diagnosesStay passes when the encounter goes with its diagnoses.
func diagnosesStay(_ context.Context, c *call) error {
	p := c.Body.content
	if p.takesEncounter() {
		return nil
	}
	var diagnoses []uuid.UUID
	for _, d := range p.original.encounter.Diagnoses {
		diagnoses = append(diagnoses, d.Condition.Identifier.Value)
	}
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.plural == "conditions" })
	isDiagnosis := func(r Record) bool { return slices.Contains(diagnoses, r.Head().ID) }
	return operation.Expect(!slices.ContainsFunc(p.taken(kinds[i]), isDiagnosis), "diagnoses of the encounter", "in force, as the encounter", inError)
}

func reasonIsKnown(_ context.Context, c *call) error {
	var refused operation.Refusals
	for i, coding := range c.Body.content.Encounter.CancellationReason.Coding {
		field := "code"
		switch {
		case coding.System != reasons:
			field = "system"
		case slices.Contains(c.API.Dictionaries.Codes(reasons), coding.Code), c.API.Dictionaries.IsOpen(reasons):
			continue
		}
		at := fmt.Sprintf("$.encounter.cancellation_reason.coding[%d].%s", i, field)
		refused = append(refused, fault.RefuseAt(cancelRule("reason"), at, nil).Because(at, "a code of "+reasons, "another value"))
	}
	return refused.OrNil()
}

// takeBack is what the cancellation changes.
func takeBack(c *call) operation.Written {
	if c.Body.content == nil {
		if err := c.Body.read(c.Object()); err != nil {
			return operation.Written{}
		}
	}
	p, e := c.Body.content, &c.Body.content.Encounter
	w := operation.Written{Links: []jobs.Link{{Entity: "encounter", Href: fmt.Sprintf("/api/patients/%s/encounters/%s", c.Patient.ID, e.ID)}}}
	w.Decision, w.While = p.withdrawal(c)
	set := map[string]any{"cancellation_reason": e.CancellationReason, "explanatory_letter": e.ExplanatoryLetter}
	if p.takesEncounter() {
		set["status"] = inError
	}
	w.Then = append(w.Then, operation.Changed{Collection: "encounters", ID: e.ID, Change: operation.Change{
		Set: set, Push: map[string]any{"signed_content_links": p.cancelName()},
	}, While: []mongodb.Condition{{Field: "signed_content_links", Operator: mongodb.Not, Values: []any{p.cancelName()}}}})
	for _, k := range kinds {
		for _, r := range p.taken(k) {
			set := map[string]any{k.status(): inError}
			switch d := r.(type) { // the others do not show why
			case *medicalrecords.DiagnosticReport:
				set["cancellation_reason"], set["explanatory_letter"] = e.CancellationReason, cmp.Or(d.ExplanatoryLetter, e.ExplanatoryLetter)
			case *medicalrecords.Procedure:
				set["explanatory_letter"] = cmp.Or(d.ExplanatoryLetter, e.ExplanatoryLetter)
				if d.StatusReason != nil {
					set["status_reason"] = d.StatusReason
				}
			}
			w.Then = append(w.Then, operation.Changed{Collection: k.plural, ID: r.Head().ID, Change: operation.Change{Set: set}})
		}
	}
	return w
}

// withdrawal is what the cancellation makes of the episode: the encounter's diagnoses leave it with the encounter.
func (p *content) withdrawal(c *call) (operation.Change, []operation.Demand) {
	change := operation.Change{Set: map[string]any{}}
	if p.stored == nil {
		return change, nil // the job carries on
	}
	after := *p.stored
	after.DiagnosesHistory = slices.Clone(after.DiagnosesHistory)
	i := p.historyItem(&after)
	if i < 0 { // an encounter that no package has stored
		i = 0
		after.DiagnosesHistory = slices.Insert(after.DiagnosesHistory, 0, episodes.DiagnosesItem{
			Date: c.Now, IsActive: true, Evidence: medicalevents.To("encounter", p.Encounter.ID), Diagnoses: p.original.encounter.Diagnoses,
		})
	}
	item := &after.DiagnosesHistory[i]
	if p.takesEncounter() {
		item.IsActive = false
		after.CurrentDiagnoses = []medicalevents.Diagnosis{}
		for _, other := range slices.Backward(after.DiagnosesHistory) {
			if other.IsActive && len(other.Diagnoses) > 0 {
				after.CurrentDiagnoses = other.Diagnoses
				break
			}
		}
		after.KeepItems()
		change.Set["current_diagnoses"], change.Set["items"] = after.CurrentDiagnoses, after.Items
	}
	item.Cancelled = slices.Clone(item.Cancelled)
	for _, k := range kinds {
		for _, r := range p.taken(k) {
			item.Cancelled = append(item.Cancelled, k.name(r.Head().ID))
		}
	}
	if !item.IsActive {
		item.Cancelled = nil // nothing is taken back of a package whose encounter was
	}
	change.Set["diagnoses_history"], change.Set["revision"] = after.DiagnosesHistory, p.stored.Revision+1
	return change, []operation.Demand{
		{Condition: p.isAsRead()},
		{Rule: cancelRule("organization"), Condition: equal("managing_organization.identifier.value", c.ClientID)},
	}
}

// cancelName is where the signed content of the cancellation is kept: one without the encounter does not replace another.
func (p *content) cancelName() string {
	file := "cancel"
	if !p.takesEncounter() {
		for _, k := range kinds {
			if taken := p.taken(k); len(taken) > 0 {
				file = "cancel-" + taken[0].Head().ID.String()
				break
			}
		}
	}
	return medicalevents.ContentName("encounters", p.Encounter.ID, file)
}

func keepCancel(ctx context.Context, tx postgres.Tx, c *call) error {
	return medicalevents.Keep(ctx, tx, c.API.Media, c.Body.content.cancelName(), c.Body.SignedData)
}
