// Package encounterpackages has encounter packages: what is signed, and what they refer to.
package encounterpackages

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	stored "esoz/internal/resource/episodes"
	"esoz/internal/resource/medicalevents"
	records "esoz/internal/resource/medicalrecords"
	referrals "esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/episodes"
	"esoz/internal/sandbox/world/servicerequests"
)

// Add adds what packages refer to and the cases.
func Add(w *build.World) {
	objects(w)
	submit(w)
	cancel(w)
}

const (
	ofFamily   = "episode of packages"
	ofHospital = "episode of packages of the hospital"
	day        = 24 * time.Hour
)

func objects(w *build.World) {
	episodes.OfPackages(w, ofFamily, "active, of the clinic: encounter packages name it", "PHC", false, nil)
	episodes.OfPackages(w, ofHospital, "active, of the hospital: encounter packages name it", "TREATMENT", true, nil)
	episodes.OfPackages(w, "closed episode of packages", "closed, of the clinic", "PHC", false, func(d *stored.Document) {
		d.Status, d.Period.End = stored.Closed, new(w.Now.Add(-day))
		d.StatusHistory = append(d.StatusHistory, stored.StatusChange{Status: stored.Closed, InsertedAt: w.Now.Add(-day), InsertedBy: build.ID("doctor")})
	})
	episodes.OfPackages(w, "young episode of packages", "active, of the clinic; begun an hour ago", "PHC", false, func(d *stored.Document) {
		d.Period.Start = w.Now.Add(-time.Hour)
	})
	w.Insert("prm.divisions", w.Audited(build.Row{
		"id": w.Object("division", "division of packages", "ACTIVE, of the hospital"), "name": "Поліклінічне відділення", "type": "CLINIC", "mountain_group": false,
		"legal_entity_id": build.ID("hospital"), "email": "division@example.com", "phones": []build.Row{{"type": "MOBILE", "number": "+380503410870"}},
		"status": "ACTIVE", "is_active": true,
	}))
	w.Insert("prm.divisions", w.Audited(build.Row{
		"id": w.Object("division", "closed division of packages", "INACTIVE, of the hospital"), "name": "Колишнє відділення", "type": "CLINIC", "mountain_group": false,
		"legal_entity_id": build.ID("hospital"), "email": "division@example.com", "phones": []build.Row{{"type": "MOBILE", "number": "+380503410870"}},
		"status": "INACTIVE", "is_active": true, "inserted_at": w.Now.AddDate(0, -1, 0), "updated_at": w.Now.AddDate(0, 0, -1),
	}))
	w.Insert("prm.services", w.Audited(build.Row{
		"id": w.Object("service", "analysis of packages", "of category laboratory"), "code": "66500-00", "name": "Загальний аналіз крові", "category": "laboratory",
		"is_active": true, "request_allowed": true,
	}))
	w.Document(records.Visits, records.Visit{
		Header: records.Header{
			ID: w.Object("visit", "visit of packages", "stored with an earlier package"), PatientID: w.Seal.PatientID(build.ID("patient")),
			ContextEpisodeID: new(build.ID(ofFamily)), ManagingOrganization: medicalevents.To("legal_entity", build.ID("clinic")), Visible: true,
			InsertedAt: w.Now.Add(-day), InsertedBy: build.ID("doctor"), UpdatedAt: w.Now.Add(-day), UpdatedBy: build.ID("doctor"),
		},
		Encounter: medicalevents.To("encounter", build.ID("encounter of patient")),
		Period:    medicalevents.Period{Start: w.Now.Add(-26 * time.Hour), End: new(w.Now.Add(-25 * time.Hour))},
	})
	for _, e := range []struct {
		name, user, legalEntity, note string
		columns                       build.Row
	}{
		{"dismissed employee of packages", "doctor", "clinic", "the doctor in a former position", build.Row{"status": "DISMISSED"}},
		{"employee of packages elsewhere", "doctor", "other_clinic", "the doctor in another clinic", nil},
		{"assistant of packages", "doctor", "clinic", "the doctor as an assistant", build.Row{"employee_type": "ASSISTANT"}},
		{"owner of packages", "doctor", "clinic", "the doctor as an owner", build.Row{"employee_type": "OWNER"}},
	} {
		w.Insert("prm.employees", build.Changed(w.Audited(build.Row{
			"id": w.Object("employee", e.name, e.note), "party_id": build.ID("party " + e.user), "legal_entity_id": build.ID(e.legalEntity),
			"employee_type": "DOCTOR", "position": "P1", "status": "APPROVED", "is_active": true, "start_date": w.Now.AddDate(-2, 0, 0),
		}), e.columns))
	}
	radiography := medicalevents.To("service", build.ID("radiography"))
	add := func(name, note, state string, change func(d *referrals.Document)) {
		servicerequests.OfPackages(w, name, note, state, func(d *referrals.Document) {
			d.Code = radiography
			if change != nil {
				change(d)
			}
		})
	}
	add("referral of packages", "active, new in its program: packages carry it out", servicerequests.Open, nil)
	add("referral of packages for a group", "active; it asks for the group of imaging", servicerequests.Open, func(d *referrals.Document) {
		d.Code, d.Category = medicalevents.To("service_group", build.ID("group of imaging")), medicalevents.Concept("eHealth/SNOMED/service_request_categories", "imaging")
	})
	add("referral of packages for another category", "active; it asks for the group of imaging", servicerequests.Open, func(d *referrals.Document) {
		d.Code = medicalevents.To("service_group", build.ID("group of imaging"))
	})
	add("expired referral of packages", "active; its time is over", servicerequests.Expired, nil)
	add("completed referral of packages", "completed", servicerequests.Completed, nil)
	add("referral of packages in foreign use", "active, in_progress at the other clinic", servicerequests.InUse, nil)
	for _, p := range plans {
		based := p.plan.Add(w, "of packages "+p.name)
		add("referral of packages "+p.name, "active; it carries out an activity", servicerequests.Open, func(d *referrals.Document) { d.BasedOn = based })
	}
}

// plans are care plans that referrals carry out, by what is wrong with them.
var plans = []struct {
	name string
	plan servicerequests.Plan
}{
	{"by plan", servicerequests.Plan{}},
	{"of a completed plan", servicerequests.Plan{Status: "completed"}},
	{"of a plan that has ended", servicerequests.Plan{Ended: true}},
	{"of a cancelled activity", servicerequests.Plan{Activity: "cancelled"}},
	{"of an exhausted activity", servicerequests.Plan{Exhausted: true}},
}

const op = "submitEncounterPackage"

func rule(name string) rules.ID { return rules.ID("encounter_package.submit." + name) }

func submit(w *build.World) {
	patient := build.ID("patient").String()
	passes := func(title string, p *pack) *build.Case {
		return w.Passes(op, title, p.request(patient), http.StatusAccepted)
	}
	const first = "an encounter with a condition"
	passes(first, family(w, first, ofFamily))
	passes("an encounter with everything", family(w, "everything", ofFamily).everything())
	passes("an outpatient with a report and a procedure", hospital(w, "outpatient", ofHospital))
	passes("a referral that is carried out", hospital(w, "referral", ofHospital).
		put("encounter.incoming_referral", named("service_request", "referral of packages")).
		put("diagnostic_reports.0.based_on", named("service_request", "referral of packages")))
	passes("a referral of a care plan for a group", hospital(w, "planned", ofHospital).
		put("encounter.incoming_referral", named("service_request", "referral of packages by plan")).
		put("diagnostic_reports.0.based_on", named("service_request", "referral of packages for a group")))
	passes("an inpatient", hospital(w, "inpatient", ofHospital).put("encounter.class.code", "INPATIENT").
		put("encounter.priority", concept("encounter_priority", "routine")).put("encounter.division", named("division", "division of packages")))
	p := family(w, "stored condition", ofFamily).put("encounter.diagnoses.0.condition", named("condition", "condition of patient")).
		put("encounter.supporting_info", []any{named("observation", "observation of patient")}).put("conditions", nil)
	passes("a diagnosis of a stored condition", p)
	passes("display values, which are looked up", family(w, "named", ofFamily).
		put("encounter.performer.display_value", "Лікар"))

	refusals(w, patient)
}

// broken is what is wrong with a package, and the rule that refuses it.
type broken struct {
	title string
	pack  *pack
	put   []any // pairs of place and value
	rule  string
	entry string
	args  []any
	set   []string // configuration
}

func refusals(w *build.World, patient string) {
	n := 0
	name := func() string { n++; return fmt.Sprintf("refused package %c%c", 'a'+n/26, 'a'+n%26) }
	fam := func() *pack { return family(w, name(), ofFamily) }
	all := func() *pack { return family(w, name(), ofFamily).everything() }
	hos := func() *pack { return hospital(w, name(), ofHospital) }
	future := w.Now.Add(day).Format("2006-01-02T15:04:05.000Z07:00")
	ancient := "1800-01-01T00:00:00.000Z"
	border := func(days int) []any {
		return []any{"date", w.Day(-days)}
	}
	const epoch = 54750

	callers(w, patient, fam)

	for _, b := range []broken{
		{"a kind that is not stored", fam(), []any{"devices", []any{}}, "content_kind", "$.devices", nil, nil},
		{"a field that the content does not have", fam(), []any{"encounter.date", "2026-03-25"}, "content_unknown", "$.encounter.date", nil, nil},
		{"no performer", fam(), []any{"encounter.performer", nil}, "content_required", "$.encounter.performer", []any{"property", "performer"}, nil},
		{"a number as a prescription", fam(), []any{"encounter.prescriptions", 1}, "content_type", "$.encounter.prescriptions", []any{"expected", "string", "actual", "integer"}, nil},
		{"an encounter that was entered in error", fam(), []any{"encounter.status", "entered_in_error"}, "content_value", "$.encounter.status", nil, nil},
		{"a condition that was entered in error", fam(), []any{"conditions.0.verification_status", "entered_in_error"}, "content_value", "$.conditions[0].verification_status", nil, nil},
		{"a code of no dictionary", fam(), []any{"encounter.actions.0", concept("ICPC2/actions", "none")}, "content_value", "$.encounter.actions[0].coding[0].code", nil, nil},
		{"a code of another dictionary", fam(), []any{"encounter.type", concept("ICPC2/actions", "A31")}, "content_value", "$.encounter.type.coding[0].system", nil, nil},
		{"a reference to an object of another kind", fam(), []any{"encounter.performer", named("legal_entity", "clinic")}, "content_value", "$.encounter.performer.identifier.type.coding[0].code", nil, nil},
		{"a concept without a value", fam(), []any{"encounter.type.coding", []any{}}, "content_length", "$.encounter.type.coding", []any{"limits", "a minimum of 1 items but got 0"}, nil},
		{"a rank beyond ten", fam(), []any{"encounter.diagnoses.0.rank", 11}, "content_number", "$.encounter.diagnoses[0].rank", []any{"limits", "<= 10"}, nil},
		{"an id that is no UUID", fam(), []any{"encounter.id", "1"}, "content_format", "$.encounter.id", []any{"pattern", uuidPattern}, nil},
		{"a moment that is none", fam(), []any{"encounter.period.start", "yesterday"}, "content_datetime", "$.encounter.period.start", []any{"actual", "yesterday", "what", "a valid ISO 8601"}, nil},
		{"a day that does not exist", fam(), []any{"conditions.0.onset_date", "2026-02-30"}, "content_date", "$.conditions[0].onset_date", []any{"actual", "2026-02-30", "what", "an existing"}, nil},

		{"neither an asserter nor an origin", fam(), []any{"conditions.0.asserter", nil}, "one_of_needed", "$.conditions[0]", nil, nil},

		{"another performer than the user", fam(), []any{"encounter.performer", named("employee", "employee colleague")}, "signed_drfo", "", nil, nil},
		{"the doctor in another clinic", fam(), []any{"encounter.performer", named("employee", "employee of packages elsewhere")}, "performer_client", "", nil, nil},

		{"a diagnosis twice", hos(), []any{"diagnostic_reports.1", nil}, "report_ids", "$.diagnostic_reports", nil, nil},
		{"an unknown referral of a report", hos(), []any{"diagnostic_reports.0.based_on", named("service_request", "no referral")}, "report_referral", "$.diagnostic_reports[0].based_on.identifier.value", nil, nil},
		{"a report on a referral whose time is over", hos(), []any{"diagnostic_reports.0.based_on", named("service_request", "expired referral of packages")}, "report_referral_expired", "$.diagnostic_reports[0].based_on.identifier.value", nil, nil},
		{"two categories of a report", hos(), []any{"diagnostic_reports.0.category", []any{concept("diagnostic_report_categories", "imaging"), concept("diagnostic_report_categories", "imaging")}}, "report_category_single", "$.diagnostic_reports[0].category", []any{"count", 2}, nil},
		{"a report of another category", hos(), []any{"diagnostic_reports.0.category", []any{concept("diagnostic_report_categories", "LAB")}}, "report_category", "$.diagnostic_reports[0].category", nil, nil},
		{"a report about no service", hos(), []any{"diagnostic_reports.0.code", named("service", "no service")}, "report_service", "$.diagnostic_reports[0].code.identifier.value", nil, nil},
		{"a report about another service than the referral's", hos(), []any{"diagnostic_reports.0.code", named("service", "mammography"), "diagnostic_reports.0.based_on", named("service_request", "referral of packages")}, "report_referral_service", "$.diagnostic_reports[0].based_on.identifier.value", nil, nil},
		{"a report about a service of another group", hos(), []any{"diagnostic_reports.0.code", named("service", "mammography"), "diagnostic_reports.0.based_on", named("service_request", "referral of packages for a group")}, "report_referral_group", "$.diagnostic_reports[0].based_on.identifier.value", nil, nil},
		{"a report on a referral of another category", hos(), []any{"diagnostic_reports.0.based_on", named("service_request", "referral of packages for another category")}, "report_referral_service_category", "$.diagnostic_reports[0].based_on.identifier.value", nil, nil},
		{"a report of another encounter", hos(), []any{"diagnostic_reports.0.encounter", named("encounter", "encounter of patient")}, "report_encounter", "$.diagnostic_reports[0].encounter.identifier.value", nil, nil},
		{"a report that is to come", hos(), []any{"diagnostic_reports.0.issued", future}, "report_issued", "$.diagnostic_reports[0].issued", nil, nil},
		{"a report of another age", hos(), []any{"diagnostic_reports.0.issued", ancient}, "report_issued_age", "$.diagnostic_reports[0].issued", border(epoch), nil},
		{"a report without an organization", hos(), []any{"diagnostic_reports.0.managing_organization", nil}, "report_organization_required", "$.diagnostic_reports[0].managing_organization", nil, nil},
		{"a report of another organization", hos(), []any{"diagnostic_reports.0.managing_organization", named("legal_entity", "clinic")}, "report_organization", "$.diagnostic_reports[0].managing_organization.identifier.value", nil, nil},
		{"a report without a performer", hos(), []any{"diagnostic_reports.0.performer", nil}, "report_performer_required", "$.diagnostic_reports[0].performer.reference", nil, nil},
		{"a told report without a source", hos(), []any{"diagnostic_reports.0.primary_source", false, "diagnostic_reports.0.performer", nil, "diagnostic_reports.0.results_interpreter", nil}, "report_source", "$.diagnostic_reports[0].performer", nil, nil},
		{"a told report with a performer", hos(), []any{"diagnostic_reports.0.primary_source", false, "diagnostic_reports.0.results_interpreter", nil}, "report_source_reference", "$.diagnostic_reports[0].performer", nil, nil},
		{"an image without an interpreter", hos(), []any{"diagnostic_reports.0.results_interpreter", nil}, "report_interpreter_required", "$.diagnostic_reports[0].results_interpreter", nil, nil},
		{"an image without a conclusion", hos(), []any{"diagnostic_reports.0.conclusion", nil}, "report_conclusion", "$.diagnostic_reports[0].conclusion", nil, nil},
		{"a told report with an interpreter", hos(), []any{"diagnostic_reports.0.primary_source", false, "diagnostic_reports.0.performer", build.Row{"text": "Лікар іншого закладу"}}, "report_interpreter_reference", "$.diagnostic_reports[0].results_interpreter.reference", nil, nil},
		{"a report with an unknown specimen", hos(), []any{"diagnostic_reports.0.specimens", []any{named("specimen", "no specimen")}}, "report_specimen", "$.diagnostic_reports[0].specimens[0].identifier.value", nil, nil},
		{"a report with a specimen that was entered in error", hos(), []any{"diagnostic_reports.0.specimens", []any{named("specimen", "specimen entered in error")}}, "report_specimen_status", "$.diagnostic_reports[0].specimens[0].identifier.value", nil, nil},
		{"the id of a stored report", hos(), []any{"diagnostic_reports.0.id", build.ID("diagnostic report of patient").String()}, "report_id", "$.diagnostic_reports[0].id", []any{"id", build.ID("diagnostic report of patient")}, nil},

		{"an observation of another encounter", all(), []any{"observations.0.context", named("encounter", "encounter of patient")}, "observation_context", "$.observations[0].context.identifier.value", nil, nil},
		{"an observation of a stored report", all(), []any{"observations.0.diagnostic_report", named("diagnostic_report", "diagnostic report of patient")}, "observation_report", "$.observations[0].diagnostic_report.identifier.value", nil, nil},
		{"an observation that is to come", all(), []any{"observations.0.issued", future}, "observation_issued", "$.observations[0].issued", nil, nil},
		{"an observation of another age", all(), []any{"observations.0.issued", ancient}, "observation_issued_age", "$.observations[0].issued", border(epoch), nil},
		{"no observations of identity", hos(), []any{"encounter.type", concept("encounter_types", "patient_identity"), "observations", []any{}}, "identity_needed", "$.observations", nil, nil},
		{"a reaction to nothing", all(), []any{"observations.0.reaction_on", named("immunization", "no immunization")}, "reaction", "", []any{"id", build.ID("no immunization")}, nil},
		{"the id of a stored observation", all(), []any{"observations.0.id", build.ID("observation of patient").String(), "conditions.0.evidences", nil, "risk_assessments", nil}, "observation_id", "$.observations[0].id", []any{"id", build.ID("observation of patient")}, nil},
		{"an observation with an unknown specimen", all(), []any{"observations.0.specimen", named("specimen", "no specimen")}, "observation_specimen", "$.observations[0].specimen.identifier.value", nil, nil},
		{"an observation with a specimen that was entered in error", all(), []any{"observations.0.specimen", named("specimen", "specimen entered in error")}, "observation_specimen_status", "$.observations[0].specimen.identifier.value", nil, nil},

		{"a condition of another encounter", fam(), []any{"conditions.0.context", named("encounter", "encounter of patient")}, "condition_context", "$.conditions[0].context.identifier.value", nil, nil},
		{"two codes of a dictionary", fam(), []any{"conditions.0.code.coding", []any{concept("", "")["coding"], 0}}, "condition_dictionary", "$.conditions[0].code", nil, nil},
		{"a condition that is to come", fam(), []any{"conditions.0.onset_date", future}, "condition_onset", "$.conditions[0].onset_date", nil, nil},
		{"a condition of another age", fam(), []any{"conditions.0.onset_date", ancient}, "condition_onset_age", "$.conditions[0].onset_date", border(epoch), nil},
		{"a condition that will be found", fam(), []any{"conditions.0.asserted_date", future}, "condition_asserted", "$.conditions[0].asserted_date", nil, nil},
		{"an unknown evidence", fam(), []any{"conditions.0.evidences", []any{build.Row{"details": []any{named("observation", "no observation")}}}}, "condition_evidence", "$.conditions[0].evidences[0].details[0].identifier.value", nil, nil},
		{"an evidence of another patient", fam(), []any{"conditions.0.evidences", []any{build.Row{"details": []any{named("observation", "observation of stranger_patient")}}}}, "condition_evidence", "$.conditions[0].evidences[0].details[0].identifier.value", nil, nil},
		{"an evidence that was entered in error", fam(), []any{"conditions.0.evidences", []any{build.Row{"details": []any{named("observation", "observation entered in error")}}}}, "condition_evidence_status", "$.conditions[0].evidences[0].details[0].identifier.value", nil, nil},
		{"the id of a stored condition", fam(), []any{"conditions.0.id", build.ID("condition of patient").String(), "encounter.diagnoses.0.condition", named("condition", "condition of patient")}, "condition_id", "$.conditions[0].id", []any{"id", build.ID("condition of patient")}, nil},

		{"the id of a stored encounter", fam(), []any{"encounter.id", build.ID("encounter of patient").String(), "conditions.0.context", named("encounter", "encounter of patient")}, "encounter_id", "$.encounter.id", nil, nil},
		{"an encounter too long ago", fam(), []any{"encounter.period.start", w.Now.AddDate(0, 0, -7).Format(time.RFC3339), "encounter.episode", named("episode", "episode of patient")}, "period_start_age", "$.encounter.period.start", border(7), nil},
		{"an encounter before its episode", fam(), []any{"encounter.episode", named("episode", "young episode of packages")}, "period_start_episode", "$.encounter.period.start", nil, nil},
		{"an encounter that goes on", fam(), []any{"encounter.period.end", future}, "period_end", "$.encounter.period.end", nil, nil},
		{"an encounter that ends before it begins", fam(), []any{"encounter.period.end", w.Now.AddDate(0, 0, -3).Format(time.RFC3339)}, "period_order", "$.encounter.period.end", nil, nil},
		{"an unknown episode", fam(), []any{"encounter.episode", named("episode", "no episode")}, "episode", "$.encounter.episode.identifier.value", nil, nil},
		{"an episode of another patient", fam(), []any{"encounter.episode", named("episode", "episode of stranger_patient")}, "episode", "$.encounter.episode.identifier.value", nil, nil},
		{"a closed episode", fam(), []any{"encounter.episode", named("episode", "closed episode of packages")}, "episode_status", "$.encounter.episode.identifier.value", nil, nil},
		{"an episode of the other clinic", fam(), []any{"encounter.episode", named("episode", "episode of the other clinic")}, "episode_organization", "$.encounter.episode.identifier.value", nil, nil},
		{"a visit that nobody knows", fam(), []any{"encounter.visit", named("visit", "no visit")}, "visit", "$.encounter.visit.identifier.value", nil, nil},
		{"a dismissed performer", fam(), []any{"encounter.performer", named("employee", "dismissed employee of packages")}, "performer_status", "$.encounter.performer.identifier.value", nil, nil},
		{"a performer who is no doctor", fam(), []any{"encounter.performer", named("employee", "owner of packages")}, "performer_type", "$.encounter.performer.identifier.value", nil, []string{"ENCOUNTER_CLASS_CONFIG_CHECK", "false"}},
		{"an unknown performer", fam(), []any{"encounter.performer", named("employee", "no employee")}, "performer", "$.encounter.performer.identifier.value", nil, nil},
		{"no reasons", fam(), []any{"encounter.reasons", nil}, "needed", "$.encounter.reasons", []any{"property", "reasons"}, nil},
		{"services of a family doctor", fam(), []any{"encounter.action_references", []any{named("service", "radiography")}}, "excluded", "$.encounter.action_references", []any{"property", "action_references"}, nil},
		{"two primary diagnoses", fam(), []any{"encounter.diagnoses", nil}, "primary_diagnosis", "$.encounter.diagnoses", nil, nil},
		{"a diagnosis of no condition", fam(), []any{"encounter.diagnoses.0.condition", named("condition", "no condition")}, "diagnosis", "$.encounter.diagnoses[0].condition.identifier.value", nil, nil},
		{"a primary diagnosis of ICD10_AM at a family doctor", fam(), []any{"conditions.0.code", concept("ICD10_AM/condition_codes", "J11")}, "diagnosis_system", "$.encounter.diagnoses", []any{"system", "eHealth/ICPC2/condition_codes"}, nil},
		{"an outpatient for whom nothing was done", hos(), []any{"encounter.action_references", nil, "diagnostic_reports", nil, "procedures", nil}, "action", "$.encounter.action_references", nil, nil},
		{"another service than the referral's", hos(), []any{"encounter.action_references", []any{named("service", "mammography")}, "diagnostic_reports", nil, "procedures", nil, "encounter.incoming_referral", named("service_request", "referral of packages")}, "action_referral", "$.encounter.action_references", nil, nil},
		{"an unknown service", hos(), []any{"encounter.action_references", []any{named("service", "no service")}}, "service", "$.encounter.action_references[0].identifier.value", nil, nil},
		{"a service out of use", hos(), []any{"encounter.action_references", []any{named("service", "former service")}}, "service_status", "$.encounter.action_references[0].identifier.value", nil, nil},
		{"an unknown supporting observation", fam(), []any{"encounter.supporting_info", []any{named("observation", "no observation")}}, "supporting_info", "$.encounter.supporting_info[0].identifier.value", []any{"kind", "Observation"}, nil},
		{"a supporting observation that was entered in error", fam(), []any{"encounter.supporting_info", []any{named("observation", "observation entered in error")}}, "supporting_info_status", "$.encounter.supporting_info[0].identifier.value", []any{"kind", "Observation"}, nil},
		{"an unknown participant", fam(), []any{"encounter.participant", []any{named("employee", "no employee")}}, "participant", "$.encounter.participant[0].identifier.value", nil, nil},
		{"an unknown referral", fam(), []any{"encounter.incoming_referral", named("service_request", "no referral")}, "referral", "$.encounter.incoming_referral.identifier.value", nil, nil},
		{"a referral whose time is over", fam(), []any{"encounter.incoming_referral", named("service_request", "expired referral of packages")}, "referral_expired", "$.encounter.incoming_referral.identifier.value", nil, nil},
		{"a referral of a category that is not allowed", fam(), []any{"encounter.incoming_referral", named("service_request", "referral of packages")}, "referral_category", "$.encounter.incoming_referral.identifier.value", nil, []string{"ENCOUNTER_REFERRAL_CATEGORIES", "counselling"}},

		{"a vaccination of another encounter", all(), []any{"immunizations.0.context", named("encounter", "encounter of patient")}, "immunization_context", "$.immunizations[0].context.identifier.value", nil, nil},
		{"a vaccination that is to come", all(), []any{"immunizations.0.date", future}, "immunization_date", "$.immunizations[0].date", nil, nil},
		{"a vaccination of another age", all(), []any{"immunizations.0.date", ancient}, "immunization_date_age", "$.immunizations[0].date", border(epoch), nil},
		{"the dose before the first", all(), []any{"immunizations.0.vaccination_protocols.0.dose_sequence", 0}, "immunization_dose_sequence", "$.immunizations[0].vaccination_protocols[0].dose_sequence", nil, nil},
		{"no doses", all(), []any{"immunizations.0.vaccination_protocols.0.series_doses", 0}, "immunization_series_doses", "$.immunizations[0].vaccination_protocols[0].series_doses", nil, nil},
		{"a vaccine without a batch", all(), []any{"immunizations.0.lot_number", nil}, "immunization_needed", "$.immunizations[0].lot_number", []any{"property", "lot_number"}, nil},
		{"the id of a stored vaccination", all(), []any{"immunizations.0.id", build.ID("immunization of patient").String(), "observations.0.reaction_on", nil}, "immunization_id", "$.immunizations[0].id", []any{"id", build.ID("immunization of patient")}, nil},

		{"an allergy of another encounter", all(), []any{"allergy_intolerances.0.context", named("encounter", "encounter of patient")}, "allergy_intolerance_context", "$.allergy_intolerances[0].context.identifier.value", nil, nil},
		{"an allergy that is to come", all(), []any{"allergy_intolerances.0.onset_date_time", future}, "allergy_intolerance_onset", "$.allergy_intolerances[0].onset_date_time", nil, nil},
		{"an allergy of another age", all(), []any{"allergy_intolerances.0.onset_date_time", ancient}, "allergy_intolerance_onset_age", "$.allergy_intolerances[0].onset_date_time", border(epoch), nil},
		{"an allergy that will be found", all(), []any{"allergy_intolerances.0.asserted_date", future}, "allergy_intolerance_asserted", "$.allergy_intolerances[0].asserted_date", nil, nil},
		{"an allergy that will occur", all(), []any{"allergy_intolerances.0.last_occurrence", future}, "allergy_intolerance_last", "$.allergy_intolerances[0].last_occurrence", nil, nil},
		{"the id of a stored allergy", all(), []any{"allergy_intolerances.0.id", build.ID("allergy intolerance of patient").String()}, "allergy_intolerance_id", "$.allergy_intolerances[0].id", []any{"id", build.ID("allergy intolerance of patient")}, nil},

		{"a risk of another encounter", all(), []any{"risk_assessments.0.context", named("encounter", "encounter of patient")}, "risk_assessment_context", "$.risk_assessments[0].context.identifier.value", nil, nil},
		{"a risk that will be found", all(), []any{"risk_assessments.0.asserted_date", future}, "risk_assessment_asserted", "$.risk_assessments[0].asserted_date", nil, nil},
		{"a risk on nothing", all(), []any{"risk_assessments.0.basis.references", []any{named("observation", "no observation")}}, "risk_assessment_basis", "$.risk_assessments[0].basis.references[0].identifier.value", []any{"kind", "Observation"}, nil},
		{"a risk on what was entered in error", all(), []any{"risk_assessments.0.basis.references", []any{named("observation", "observation entered in error")}}, "risk_assessment_basis_status", "$.risk_assessments[0].basis.references[0].identifier.value", []any{"kind", "Observation"}, nil},
		{"the id of a stored risk", all(), []any{"risk_assessments.0.id", build.ID("risk assessment of patient").String()}, "risk_assessment_id", "$.risk_assessments[0].id", []any{"id", build.ID("risk assessment of patient")}, nil},

		{"an unknown referral of a procedure", hos(), []any{"procedures.0.based_on", named("service_request", "no referral")}, "procedure_referral", "$.procedures[0].based_on.identifier.value", nil, nil},
		{"a procedure on a referral whose time is over", hos(), []any{"procedures.0.based_on", named("service_request", "expired referral of packages")}, "procedure_referral_expired", "$.procedures[0].based_on.identifier.value", nil, nil},
		{"a procedure of no service", hos(), []any{"procedures.0.code", named("service", "no service")}, "procedure_service", "$.procedures[0].code.identifier.value", nil, nil},
		{"a procedure of another service than the referral's", hos(), []any{"procedures.0.based_on", named("service_request", "referral of packages")}, "procedure_referral_service", "$.procedures[0].based_on.identifier.value", nil, nil},
		{"a procedure of a service of another group", hos(), []any{"procedures.0.based_on", named("service_request", "referral of packages for a group")}, "procedure_referral_group", "$.procedures[0].based_on.identifier.value", nil, nil},
		{"a procedure on a referral of another category", hos(), []any{"procedures.0.code", named("service", "radiography"), "procedures.0.category", concept("procedure_categories", "imaging"), "procedures.0.based_on", named("service_request", "referral of packages for another category")}, "procedure_referral_service_category", "$.procedures[0].based_on.identifier.value", nil, nil},
		{"a procedure of another category", hos(), []any{"procedures.0.category", concept("procedure_categories", "imaging")}, "procedure_category", "$.procedures[0].category", nil, nil},
		{"a procedure of another encounter", hos(), []any{"procedures.0.encounter", named("encounter", "encounter of patient")}, "procedure_encounter", "$.procedures[0].encounter.identifier.value", nil, nil},
		{"a procedure that is to come", hos(), []any{"procedures.0.performed_period", nil, "procedures.0.performed_date_time", future}, "procedure_performed", "$.procedures[0].performed_date_time", nil, nil},
		{"a procedure that goes on", hos(), []any{"procedures.0.performed_period", build.Row{"start": ancient, "end": future}}, "procedure_performed_end", "$.procedures[0].performed_period.end", nil, nil},
		{"a procedure that ends before it begins", hos(), []any{"procedures.0.performed_period", build.Row{"start": w.Now.Add(-day).Format(time.RFC3339), "end": ancient}}, "procedure_performed_order", "$.procedures[0].performed_period.end", nil, nil},
		{"a procedure of another organization", hos(), []any{"procedures.0.managing_organization", named("legal_entity", "clinic")}, "procedure_organization", "$.procedures[0].managing_organization.identifier.value", nil, nil},
		{"a procedure for no reason", hos(), []any{"procedures.0.reason_references", []any{named("condition", "no condition")}}, "procedure_reason", "$.procedures[0].reason_references[0].identifier.value", []any{"kind", "Condition"}, nil},
		{"a procedure for what was entered in error", hos(), []any{"procedures.0.reason_references", []any{named("condition", "condition entered in error")}}, "procedure_reason_status", "$.procedures[0].reason_references[0].identifier.value", []any{"kind", "Condition"}, nil},
		{"a procedure with an unknown device", hos(), []any{"procedures.0.focal_device", build.Row{"manipulated": named("device", "no device")}}, "procedure_device", "$.procedures[0].focal_device.manipulated.identifier.value", nil, nil},
		{"the id of a stored procedure", hos(), []any{"procedures.0.id", build.ID("procedure of patient").String()}, "procedure_id", "$.procedures[0].id", []any{"id", build.ID("procedure of patient")}, nil},
	} {
		b.refuse(w, patient)
	}
	more(w, patient, fam, all, hos, future)
}

const uuidPattern = `^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`

// refuse adds the case.
func (b broken) refuse(w *build.World, patient string) {
	switch b.title { // what a place and a value cannot say
	case "a diagnosis twice":
		report := b.pack.get("diagnostic_reports.0")
		b.pack.content["diagnostic_reports"] = []any{report, report}
		b.put = nil
	case "two codes of a dictionary":
		b.pack.put("conditions.0.code.coding", []any{
			build.Row{"system": "eHealth/ICPC2/condition_codes", "code": "R80"}, build.Row{"system": "eHealth/ICPC2/condition_codes", "code": "A03"},
		})
		b.put = nil
	case "two primary diagnoses":
		d := b.pack.get("encounter.diagnoses.0")
		b.pack.put("encounter.diagnoses", []any{d, d})
		b.put = nil
	}
	for i := 0; i+1 < len(b.put); i += 2 {
		place, _ := b.put[i].(string)
		b.pack.put(place, b.put[i+1])
	}
	id := rule(b.rule)
	refusal := fault.Refuse(id, b.args...)
	if b.entry != "" {
		refusal = fault.RefuseAt(id, b.entry, nil, b.args...)
	}
	w.Refused(op, b.title, b.pack.request(patient), refusal).Set(b.set...)
}

// callers are what the request refuses beside what is made for every operation.
func callers(w *build.World, patient string, fam func() *pack) {
	refused := func(title string, request build.Request, refusal *fault.Error) {
		w.Refused(op, title, request, refusal)
	}
	refused("an unknown patient", fam().request(build.ID("nobody").String()), fault.Refuse(rule("person")))
	refused("a malformed patient id", fam().request("1"), fault.Refuse(rule("person")))
	refused("an inactive patient", fam().request(build.ID("inactive_patient").String()), fault.Refuse(rule("person_active")))
	refused("nothing signed", fam().request(patient).With(build.Row{}), build.MissingProperty(rule("schema"), "signed_data"))
	for _, c := range []struct{ token, rule string }{{"stranger", "legal_entity"}, {"nhs", "legal_entity_type"}, {"suspended_doctor", "legal_entity_status"}} {
		refused("a token of "+strings.ReplaceAll(c.token, "_", " "), fam().request(patient).Bearing(build.TokenValue(c.token)), fault.Refuse(rule(c.rule)))
	}
	double := fam()
	refused("a key twice", double.signed(patient, `{"conditions":[],`+marshal(double.content)[1:], double.user),
		fault.RefuseAt(rule("content_duplicate"), "$.conditions", nil, "key", "conditions", "place", "$.conditions"))
	other := fam()
	other.content["encounter"].(build.Row)["performer"] = named("employee", "employee colleague") //nolint:forcetypeassert // so it was made
	request := other.signed(patient, marshal(other.content), "colleague")
	refused("a package that a colleague has signed and performed", request, fault.Refuse(rule("performer_user")))
}
