package medicalrecords

import (
	"time"

	"github.com/google/uuid"

	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/medicalrecords"
	"esoz/internal/sandbox/world/build"
)

// kind is a kind of record, with what its cases ask.
type kind struct {
	one, many          string // as operations name it: Encounter, Encounters
	name, path, family string // diagnostic report, diagnostic_reports, diagnostic_report
	document           func(w *build.World, r record, h medicalrecords.Header) any

	open      bool // the scope is enough to read it
	inEpisode bool
	ofPerson  bool // it asks for the patient
	ofService bool // it is made for a service
	approved  bool // there is a list of those that approvals name
	hidden    bool // forbidden groups hide some of them

	// filters are all of the list, so that they find the record of the patient; those of
	// the list of an episode are inEpisodeFilters. Ids and dates are the names of those
	// that must look so.
	filters, inEpisodeFilters                string
	ids, dates, inEpisodeIDs, inEpisodeDates []string
	// asks are filters that open the list to a doctor of the clinic.
	asks []string
	// Those of the list by groups of services. Each of groupFilters finds a record.
	groupFilters         []string
	groupIDs, groupDates []string
}

func (k kind) id(r string) uuid.UUID { return build.ID(k.name + r) }

func (k kind) add(w *build.World, r record) {
	k.store(w, r, k.document(w, r, r.header(w, w.Object(k.name, k.name+r.name, r.note))))
}

func (k kind) store(w *build.World, r record, document any) {
	switch d := document.(type) {
	case *medicalrecords.Procedure:
		d.KeepItems(r.diagnosis())
	case interface{ KeepItems() }:
		d.KeepItems()
	}
	w.Document(k.path, document)
}

func is(parameter, name string) string { return parameter + "=" + build.ID(name).String() }

const anyDay = "1990-01-01"

func days(names ...string) (filters string) {
	for _, name := range names {
		filters += "&" + name + "_from=" + anyDay + "&" + name + "_to=" + time.Date(2099, 12, 31, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	return filters
}

func ends(names ...string) (all []string) {
	for _, name := range names {
		all = append(all, name+"_from", name+"_to")
	}
	return all
}

var (
	episodeAsked  = is("episode_id", "episode of patient")
	encounterAsks = is("encounter_id", "encounter of patient")
	ownAsked      = is("managing_organization_id", "clinic")
	groupAsked    = is("service_group_id", "group of imaging") + "&" + is("code", "radiography") + "&" + is("managing_organization", "other_clinic") +
		"&" + is("managing_organization_id", "other_clinic")
	ownGroupAsked = is("service_group_id", "group of imaging") + "&" + is("managing_organization", "clinic")
	groupIDs      = []string{"service_group_id", "code", "managing_organization", "managing_organization_id"}
)

var kinds = []kind{
	{
		one: "Encounter", many: "Encounters", name: "encounter", path: "encounters", family: "encounter", hidden: true, inEpisode: true,
		document: encounter,
		filters: episodeAsked + "&" + ownAsked + "&" + is("incoming_referral_id", "referral of an encounter") + "&" +
			is("incoming_referral", "referral of an encounter") + "&" + is("origin_episode_id", "closed episode") + days("period_start", "period_end"),
		ids:   []string{"episode_id", "incoming_referral_id", "incoming_referral", "origin_episode_id", "managing_organization_id"},
		dates: ends("period_start", "period_end"),
		inEpisodeFilters: is("incoming_referral_id", "referral of an encounter") + "&" + is("incoming_referral", "referral of an encounter") + "&" + is("origin_episode_id", "closed episode") +
			days("period_start", "period_end"),
		inEpisodeIDs: []string{"incoming_referral_id", "incoming_referral", "origin_episode_id"}, inEpisodeDates: ends("period_start", "period_end"),
		asks: []string{ownAsked, episodeAsked, is("origin_episode_id", "episode of patient")},
	},
	{
		one: "Condition", many: "Conditions", name: "condition", path: "conditions", family: "condition", hidden: true, inEpisode: true,
		document: condition,
		filters:  "code=R80&" + encounterAsks + "&" + episodeAsked + "&" + ownAsked + days("onset_date"),
		ids:      []string{"encounter_id", "episode_id", "managing_organization_id"}, dates: ends("onset_date"),
		inEpisodeFilters: "code=R80" + days("onset_date"), inEpisodeDates: ends("onset_date"),
		asks: []string{ownAsked, episodeAsked, is("encounter_id", "encounter with an origin")},
	},
	{
		one: "Observation", many: "Observations", name: "observation", path: "observations", family: "observation", inEpisode: true,
		document: observation,
		filters: "code=8310-5&" + encounterAsks + "&" + episodeAsked + "&" + ownAsked + "&" + is("diagnostic_report_id", "diagnostic report of patient") +
			"&" + is("device_id", "thermometer") + "&" + is("specimen_id", "specimen of patient") + days("issued"),
		ids:   []string{"encounter_id", "diagnostic_report_id", "episode_id", "device_id", "managing_organization_id", "specimen_id"},
		dates: ends("issued"), inEpisodeFilters: "code=8310-5" + days("issued"), inEpisodeDates: ends("issued"),
		asks: []string{ownAsked, episodeAsked, is("encounter_id", "encounter with an origin"), is("diagnostic_report_id", "diagnostic report of patient")},
	},
	{
		one: "DiagnosticReport", many: "DiagnosticReports", name: "diagnostic report", path: "diagnostic_reports", family: "diagnostic_report", hidden: true,
		ofService: true, approved: true,
		document: diagnosticReport,
		filters: is("code", "examination") + "&" + encounterAsks + "&" + is("context_episode_id", "episode of patient") + "&" +
			is("origin_episode_id", "closed episode") + "&" + is("based_on", "referral of an encounter") + "&" + ownAsked + "&" +
			is("specimen_id", "specimen of patient") + days("issued"),
		ids:          []string{"code", "encounter_id", "context_episode_id", "origin_episode_id", "based_on", "managing_organization_id", "specimen_id"},
		dates:        ends("issued"),
		groupFilters: []string{groupAsked + "&status=final&category=imaging" + days("issued")},
		groupIDs:     groupIDs, groupDates: ends("issued"),
		asks: []string{
			ownAsked, is("context_episode_id", "episode of patient"), is("origin_episode_id", "episode of patient"),
			is("encounter_id", "encounter with an origin"),
		},
	},
	{
		one: "Procedure", many: "Procedures", name: "procedure", path: "procedures", family: "procedure", hidden: true, ofPerson: true, ofService: true,
		document: procedure,
		filters: "status=completed&" + episodeAsked + "&" + is("used_reference_id", "thermometer") + "&" + is("based_on", "referral of an encounter") + "&" +
			is("code", "examination") + "&" + ownAsked + "&" + encounterAsks + "&" + is("origin_episode_id", "closed episode") + "&" + is("device_id", "implant"),
		groupFilters: []string{
			groupAsked + "&status=completed&category=24642003" + days("performed_date_time"),
			ownGroupAsked + "&status=entered_in_error" + days("performed_period_start", "performed_period_end"),
		},
		groupIDs: groupIDs, groupDates: ends("performed_date_time", "performed_period_start", "performed_period_end"),
		ids:  []string{"episode_id", "used_reference_id", "based_on", "code", "managing_organization_id", "encounter_id", "origin_episode_id", "device_id"},
		asks: []string{ownAsked, episodeAsked, is("origin_episode_id", "episode of patient"), is("encounter_id", "encounter with an origin")},
	},
	{
		one: "Immunization", many: "Immunizations", name: "immunization", path: "immunizations", family: "immunization", open: true, inEpisode: true,
		document: immunization,
		filters:  "vaccine_code=HepAHepB&" + encounterAsks + "&" + episodeAsked + days("date"),
		ids:      []string{"encounter_id", "episode_id"}, dates: ends("date"),
		inEpisodeFilters: "vaccine_code=HepAHepB" + days("date"), inEpisodeDates: ends("date"),
	},
	{
		one: "AllergyIntolerance", many: "AllergyIntolerances", name: "allergy intolerance", path: "allergy_intolerances",
		family: "allergy_intolerance", open: true, inEpisode: true,
		document: allergyIntolerance,
		filters:  "code=227493005&" + encounterAsks + "&" + episodeAsked + days("onset_date_time"),
		ids:      []string{"encounter_id", "episode_id"}, dates: ends("onset_date_time"),
		inEpisodeFilters: "code=227493005" + days("onset_date_time"), inEpisodeDates: ends("onset_date_time"),
	},
	{
		one: "RiskAssessment", many: "RiskAssessments", name: "risk assessment", path: "risk_assessments", family: "risk_assessment", open: true,
		document: riskAssessment,
		filters:  "code=709510001&" + encounterAsks + "&" + episodeAsked + days("asserted_date"),
		ids:      []string{"encounter_id", "episode_id"}, dates: ends("asserted_date"),
	},
}

func encounter(w *build.World, r record, h medicalrecords.Header) any {
	origin := r.originEpisode()
	if r.name == ofPatient {
		origin = new(medicalevents.To("episode", build.ID("closed episode")))
	}
	end := when(w).Add(20 * time.Minute)
	return &medicalrecords.Encounter{
		Header: h, OriginEpisode: origin, Status: r.status("finished"),
		Period:           medicalevents.Period{Start: when(w), End: &end},
		IncomingReferral: new(medicalevents.To("service_request", build.ID("referral of an encounter"))),
		Visit:            medicalevents.To("visit", build.ID("visit"+r.name)),
		Episode:          medicalevents.To("episode", build.ID(r.episode)),
		Class:            medicalevents.Coding{System: "eHealth/encounter_classes", Code: "PHC"},
		Type:             concept("eHealth/encounter_types", "service_delivery_location"),
		Performer:        r.employee(),
		Reasons:          concepts("eHealth/ICPC2/reasons", "A02"),
		Diagnoses: []medicalevents.Diagnosis{{
			Condition: medicalevents.To("condition", build.ID("condition"+r.name)),
			Code:      r.diagnosis(), Role: concept("eHealth/diagnosis_roles", "primary"), Rank: new(int32(1)),
		}},
		Actions: concepts("eHealth/ICPC2/actions", "-30"), Prescriptions: confided(w, "Пити воду, провітрювати приміщення"),
		SupportingInfo:     []medicalevents.Reference{medicalevents.To("observation", build.ID("observation"+r.name))},
		CancellationReason: r.cancellation(), ExplanatoryLetter: r.letter(w),
		Hospitalization: &medicalrecords.EncounterHospitalization{
			AdmitSource: new(concept("eHealth/encounter_admit_source", "gp")), PreAdmissionIdentifier: new("165464"),
		},
		Participant: []medicalevents.Reference{r.employee()},
	}
}

func condition(w *build.World, r record, h medicalrecords.Header) any {
	return &medicalrecords.Condition{
		Header: h, PrimarySource: true, Asserter: new(r.employee()), Context: r.encounter(),
		Code: r.diagnosis(), ClinicalStatus: "active", VerificationStatus: r.status("confirmed"),
		Severity: new(concept("eHealth/condition_severities", "mild")), BodySites: concepts("eHealth/body_sites", "head"),
		OnsetDate: when(w), AssertedDate: new(when(w)), Stage: &medicalrecords.ConditionStage{Summary: concept("eHealth/condition_stages", "1")},
		Evidences: []medicalrecords.ConditionEvidence{{
			Codes:   concepts("eHealth/ICPC2/reasons", "A02"),
			Details: []medicalevents.Reference{medicalevents.To("observation", build.ID("observation"+r.name))},
		}},
	}
}

func observation(w *build.World, r record, h medicalrecords.Header) any {
	normal := []medicalrecords.ObservationReferenceRange{{
		Low: new(quantity(36, "Cel")), High: new(quantity(37, "Cel")), AppliesTo: new(concept("eHealth/reference_range_applications", "normal")),
		Text: confided(w, "У межах норми здорової людини"),
	}}
	return medicalrecords.Observation{
		Header: h, Status: r.status("valid"), DiagnosticReport: r.report(), Context: new(r.encounter()),
		Categories: concepts("eHealth/observation_categories", "vital_signs"), Code: concept("eHealth/LOINC/observation_codes", "8310-5"),
		EffectiveDateTime: new(when(w)), Issued: when(w), PrimarySource: true, Performer: new(r.employee()),
		Interpretation: new(concept("eHealth/observation_interpretations", "N")), Comment: confided(w, "Пацієнт у задовільному стані"),
		BodySite: new(concept("eHealth/body_sites", "head")), Method: new(concept("eHealth/observation_methods", "anamnesis")),
		ValueQuantity: new(quantity(36.6, "Cel")), ReferenceRanges: normal,
		Components: []medicalrecords.ObservationComponent{{
			Code: concept("eHealth/LOINC/observation_components", "8480-6"), ValueString: confided(w, "Температуру виміряно двічі"), ReferenceRanges: normal,
		}},
		Specimen: new(medicalevents.To("specimen", build.ID("specimen of patient"))), Device: new(medicalevents.To("equipment", build.ID("thermometer"))),
	}
}

func diagnosticReport(w *build.World, r record, h medicalrecords.Header) any {
	origin := r.originEpisode()
	if r.name == ofPatient {
		origin = new(medicalevents.To("episode", build.ID("closed episode")))
	}
	report := &medicalrecords.DiagnosticReport{
		Header: h, BasedOn: new(medicalevents.To("service_request", build.ID("referral of an encounter"))), Status: r.status("final"),
		Code: r.code(), Category: concepts("eHealth/diagnostic_report_categories", "imaging"),
		EffectivePeriod: &medicalevents.Period{Start: when(w), End: new(when(w).Add(time.Hour))}, Issued: when(w),
		Conclusion: confided(w, "Патологічних змін у легенях не виявлено"), ConclusionCode: new(concept("eHealth/ICD10_AM/condition_codes", "J11")),
		RecordedBy: r.employee(), Specimens: []medicalevents.Reference{medicalevents.To("specimen", build.ID("specimen of patient"))},
		UsedReferences: []medicalevents.Reference{medicalevents.To("equipment", build.ID("thermometer"))},
		Encounter:      new(r.encounter()), OriginEpisode: origin, PrimarySource: true,
		Performer:          &medicalrecords.DiagnosticReportPerformer{Reference: new(r.employee())},
		ResultsInterpreter: &medicalrecords.DiagnosticReportPerformer{Text: confided(w, "Лікар-рентгенолог Савчук Ірина")},
		ExplanatoryLetter:  r.letter(w), CancellationReason: r.cancellation(),
	}
	if r.otherTime {
		report.EffectivePeriod, report.EffectiveDateTime = nil, new(when(w))
	}
	return report
}

func procedure(w *build.World, r record, h medicalrecords.Header) any {
	origin := r.originEpisode()
	if r.name == ofPatient {
		origin = new(medicalevents.To("episode", build.ID("closed episode")))
	}
	procedure := &medicalrecords.Procedure{
		Header: h, BasedOn: new(medicalevents.To("service_request", build.ID("referral of an encounter"))),
		PaperReferral: &medicalrecords.PaperReferral{
			Requisition: new("1111-2222-3333-4444"), RequesterLegalEntityEdrpou: "12345678",
			RequesterEmployeeName: *confided(w, "Лікарка Стороння Ольга"), ServiceRequestDate: when(w).Format(time.DateOnly),
		},
		Status: r.status("completed"), StatusReason: r.cancellation(), Code: r.code(),
		PerformedDateTime: new(when(w)), RecordedBy: r.employee(), PrimarySource: true, Performer: new(r.employee()),
		ReasonReferences: []medicalevents.Reference{medicalevents.To("condition", build.ID("condition"+r.name))},
		UsedReferences:   []medicalevents.Reference{medicalevents.To("equipment", build.ID("thermometer"))},
		Outcome:          new(concept("eHealth/procedure_outcomes", "successful")), Note: confided(w, "Процедуру перенесено добре"),
		Category: concept("eHealth/procedure_categories", "24642003"), Encounter: r.encounter(), ExplanatoryLetter: r.letter(w), OriginEpisode: origin,
		ComplicationDetails: []medicalevents.Reference{medicalevents.To("condition", build.ID("condition"+r.name))},
		UsedCodes:           concepts("eHealth/assistive_products", "09.12.03"),
		FocalDevice: &medicalrecords.ProcedureFocalDevice{
			Action: new(concept("procedure_focal_device_actions", "implanted")), Manipulated: medicalevents.To("device", build.ID("implant")),
		},
	}
	if r.otherTime {
		procedure.PerformedDateTime, procedure.PerformedPeriod = nil, &medicalevents.Period{Start: when(w), End: new(when(w).Add(time.Hour))}
	}
	return procedure
}

func immunization(w *build.World, r record, h medicalrecords.Header) any {
	return medicalrecords.Immunization{
		Header: h, Status: r.status("completed"), VaccineCode: concept("eHealth/vaccine_codes", "HepAHepB"), Context: r.encounter(),
		Date: when(w), PrimarySource: true, Performer: new(r.employee()), Manufacturer: new("ТОВ Вакцина"), LotNumber: new("AAJN11K"),
		ExpirationDate: new(w.Now.AddDate(1, 0, 0)), Site: new(concept("eHealth/immunization_body_sites", "LA")),
		Route: new(concept("eHealth/vaccination_routes", "IM")), DoseQuantity: new(quantity(18, "ml")),
		Explanation: &medicalrecords.ImmunizationExplanation{Reasons: concepts("eHealth/reason_explanations", "429060002")},
		Reactions: []medicalrecords.ImmunizationReaction{{
			Detail: medicalevents.To("observation", build.ID("observation"+r.name)),
		}},
		VaccinationProtocols: []medicalrecords.VaccinationProtocol{{
			DoseSequence: new(1), Description: confided(w, "Щеплення проти гепатиту за календарем"), Authority: new(concept("eHealth/vaccination_authorities", "MoH")),
			Series: new("1"), SeriesDoses: new(3), TargetDiseases: concepts("eHealth/vaccination_target_diseases", "1857005"),
		}},
	}
}

func allergyIntolerance(w *build.World, r record, h medicalrecords.Header) any {
	return medicalrecords.AllergyIntolerance{
		Header: h, ClinicalStatus: "active", VerificationStatus: r.status("confirmed"), Type: "allergy", Category: "food", Criticality: "low",
		Context: r.encounter(), Code: concept("eHealth/allergy_intolerance_codes", "227493005"), OnsetDateTime: when(w), AssertedDate: when(w),
		ReportOrigin: new(concept("eHealth/report_origins", "patient")), LastOccurrence: new(when(w)),
	}
}

func riskAssessment(w *build.World, r record, h medicalrecords.Header) any {
	return medicalrecords.RiskAssessment{
		Header: h, Status: r.status("preliminary"), Method: new(concept("eHealth/risk_assessment_methods", "default_method")),
		Code: concept("eHealth/risk_assessment_codes", "709510001"), Context: r.encounter(), AssertedDate: when(w), Performer: r.employee(),
		Basis: &medicalrecords.RiskAssessmentBasis{
			References: []medicalevents.Reference{medicalevents.To("observation", build.ID("observation"+r.name))}, Text: confided(w, "Дані огляду терапевта"),
		},
		ReasonCodes: concepts("eHealth/risk_assessment_reasons", "default_risk_assessment_reason"),
		Predictions: []medicalrecords.RiskAssessmentPrediction{{
			Outcome:          new(concept("eHealth/risk_assessment_outcomes", "hypertension")),
			ProbabilityRange: &medicalevents.Range{Low: quantity(10, "%"), High: quantity(20, "%")}, RelativeRisk: new(1.5),
			WhenPeriod: &medicalevents.Period{Start: w.Now, End: new(w.Now.AddDate(1, 0, 0))}, Rationale: confided(w, "Обтяжена спадковість за гіпертонією"),
		}},
		Mitigation: confided(w, "Щоденний контроль артеріального тиску"), Comment: confided(w, "Переглянути оцінку через рік"),
	}
}
