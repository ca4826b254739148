package encounterpackages

import (
	"strings"
	"time"

	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

// more are refusals that several parts of a package have alike.
func more(w *build.World, patient string, fam, all, hos func() *pack, future string) {
	refused := func(title string, p *pack, set []string, refusals ...*fault.Error) {
		w.Refused(op, title, p.request(patient), refusals...).Set(set...)
	}
	at := func(name, entry string, args ...any) *fault.Error {
		return fault.RefuseAt(rule(name), entry, nil, args...)
	}
	in := func(place string) string { // conditions.0.asserter is $.conditions[0].asserter
		parts := strings.Split(place, ".")
		entry := "$"
		for _, part := range parts {
			if part[0] >= '0' && part[0] <= '9' {
				entry += "[" + part + "]"
			} else {
				entry += "." + part
			}
		}
		return entry
	}

	// Employees.
	for _, e := range []struct {
		name, place, what string
		of                func() *pack
	}{
		{"report_recorded_by", "diagnostic_reports.0.recorded_by", "has recorded a report", hos},
		{"report_performer", "diagnostic_reports.0.performer.reference", "has made a report", hos},
		{"report_interpreter", "diagnostic_reports.0.results_interpreter.reference", "has interpreted a report", hos},
		{"risk_assessment_performer", "risk_assessments.0.performer", "has assessed a risk", all},
		{"procedure_recorded_by", "procedures.0.recorded_by", "has recorded a procedure", hos},
		{"observation_performer", "observations.0.performer", "has observed", all},
		{"condition_asserter", "conditions.0.asserter", "has found a condition", fam},
		{"immunization_performer", "immunizations.0.performer", "has vaccinated", all},
		{"procedure_performer", "procedures.0.performer", "has done a procedure", hos},
	} {
		entry := in(e.place) + ".identifier.value"
		refused("nobody "+e.what, e.of().put(e.place, named("employee", "no employee")), nil, at(e.name, entry))
		refused("a dismissed employee "+e.what, e.of().put(e.place, named("employee", "dismissed employee of packages")), nil, at(e.name+"_active", entry))
		refused("an employee of another clinic "+e.what, e.of().put(e.place, named("employee", "employee other_doctor")), nil,
			at(e.name+"_legal_entity", entry, "id", build.ID("employee other_doctor")))
	}
	asserted := func(employee string) *pack {
		return all().put("allergy_intolerances.0.primary_source", true).put("allergy_intolerances.0.report_origin", nil).
			put("allergy_intolerances.0.asserter", named("employee", employee))
	}
	const ofAllergy = "$.allergy_intolerances[0].asserter.identifier.value"
	refused("nobody has found an allergy", asserted("no employee"), nil, at("allergy_intolerance_asserter", ofAllergy))
	refused("a dismissed employee has found an allergy", asserted("dismissed employee of packages"), nil, at("allergy_intolerance_asserter_active", ofAllergy))
	refused("an employee of another clinic has found an allergy", asserted("employee other_doctor"), nil,
		at("allergy_intolerance_asserter_legal_entity", ofAllergy, "id", build.ID("employee other_doctor")))

	// Sources.
	for _, s := range []struct {
		plural, singular, who string
		of                    func() *pack
	}{
		{"observations", "observation", "performer", all},
		{"conditions", "condition", "asserter", fam},
		{"immunizations", "immunization", "performer", all},
		{"allergy_intolerances", "allergy_intolerance", "asserter", all},
		{"procedures", "procedure", "performer", hos},
	} {
		place := s.plural + ".0."
		told := concept("report_origins", "patient")
		if s.plural == "immunizations" {
			told = concept("immunization_report_origins", "mother")
		}
		words := strings.ReplaceAll(s.singular, "_", " ")
		refused("seen, but told: "+words, s.of().put(place+"primary_source", true).put(place+s.who, nil).put(place+"report_origin", told), nil,
			at(s.singular+"_"+s.who+"_required", in(place+s.who)))
		p := s.of().put(place+"primary_source", false).put(place+"report_origin", nil)
		p.put(place+s.who, named("employee", "employee "+p.user))
		refused("told by nobody: "+words, p, nil, at(s.singular+"_report_origin", in(place+"report_origin")))
	}

	// Divisions.
	for _, d := range []struct {
		name, place, what string
		of                func() *pack
		inactive, own     string
	}{
		{"report_division", "diagnostic_reports.0.division", "a report", hos, "closed division of packages", "hospital"},
		{"procedure_division", "procedures.0.division", "a procedure", hos, "closed division of packages", "hospital"},
		{"division", "encounter.division", "an encounter", fam, "inactive division", "clinic"},
	} {
		entry := in(d.place) + ".identifier.value"
		refused("no division of "+d.what, d.of().put(d.place, named("division", "no division")), nil, at(d.name, entry))
		refused("an inactive division of "+d.what, d.of().put(d.place, named("division", d.inactive)), nil, at(d.name+"_status", entry))
		refused("a foreign division of "+d.what, d.of().put(d.place, named("division", "division of the other clinic")), nil, at(d.name+"_legal_entity", entry))
	}

	// Ids.
	for _, i := range []struct {
		plural, singular string
		of               func() *pack
	}{
		{"observations", "observation", all},
		{"conditions", "condition", fam},
		{"immunizations", "immunization", all},
		{"allergy_intolerances", "allergy_intolerance", all},
		{"risk_assessments", "risk_assessment", all},
		{"procedures", "procedure", hos},
	} {
		p := i.of()
		p.put(i.plural, []any{p.get(i.plural + ".0"), p.get(i.plural + ".0")})
		refused("the same id twice: "+i.plural, p, nil, at(i.singular+"_ids", "$."+i.plural))
	}

	// Referrals.
	for _, r := range []struct {
		name, place, what string
		of                func() *pack
	}{
		{"referral", "encounter.incoming_referral", "an encounter", fam},
		{"report_referral", "diagnostic_reports.0.based_on", "a report", hos},
		{"procedure_referral", "procedures.0.based_on", "a procedure", func() *pack {
			return hos().put("procedures.0.code", named("service", "radiography")).put("procedures.0.category", concept("procedure_categories", "imaging"))
		}},
	} {
		for _, state := range []struct{ name, referral string }{
			{"status", "completed referral of packages"},
			{"used", "referral of packages in foreign use"},
			{"plan", "referral of packages of a completed plan"},
			{"plan_ended", "referral of packages of a plan that has ended"},
			{"activity", "referral of packages of a cancelled activity"},
			{"activity_left", "referral of packages of an exhausted activity"},
		} {
			refused(r.what+": "+state.referral, r.of().put(r.place, named("service_request", state.referral)), nil, fault.Refuse(rule(r.name+"_"+state.name)))
		}
		refused(r.what+": a referral that is over in its program", r.of().put(r.place, named("service_request", "completed referral of packages")),
			[]string{"RULES", "-" + string(rule(r.name+"_status")) + ",-" + string(rule(r.name+"_used"))}, fault.Refuse(rule(r.name+"_program")))
	}
	refused("a referral of another patient", fam().put("encounter.incoming_referral", named("service_request", "service request of a stranger")), nil,
		at("referral", "$.encounter.incoming_referral.identifier.value"))

	// The visit.
	visit := func(title, name, entry string, from, to time.Duration) {
		p := fam()
		p.visit["period"] = p.period(from, to)
		refused(title, p, nil, at(name, entry))
	}
	p := fam()
	p.visit["period"] = build.Row{"start": future, "end": p.at(-48 * time.Hour)}
	refused("a visit that is to come", p, nil, at("visit_start", "$.visit.period.start"), at("visit_end", "$.visit.period.end"))
	visit("a visit that goes on", "visit_end", "$.visit.period.end", time.Hour, -time.Hour)
	visit("a visit that ends before it begins", "visit_order", "$.visit.period.end", time.Hour, 2*time.Hour)
	p = fam()
	p.visit["id"] = build.ID("visit of packages").String()
	p.put("encounter.visit", named("visit", "visit of packages"))
	refused("the id of a stored visit", p, nil, at("visit_id", "$.visit.id"))

	// The encounter.
	p = fam().put("encounter.period", build.Row{"start": future, "end": w.Now.Add(2 * day).Format(time.RFC3339)})
	refused("an encounter that is to come", p, nil, at("period_start", "$.encounter.period.start"), at("period_end", "$.encounter.period.end"))
	const class, kind = "$.encounter.class.code", "$.encounter.type.coding[0].code"
	refused("a class that the legal entity may not have", fam(), []string{"LEGAL_ENTITY_ENCOUNTER_CLASSES", "PRIMARY_CARE=AMB"}, at("class_legal_entity", class))
	refused("a class that the performer may not have", fam(), []string{"PERFORMER_EMPLOYEE_ENCOUNTER_CLASSES", "DOCTOR=AMB"}, at("class_employee", class))
	refused("a type that the performer may not have", fam(), []string{"PERFORMER_EMPLOYEE_ENCOUNTER_TYPES", "DOCTOR=virtual"}, at("type_employee", kind))
	refused("a type that the class may not have", fam(), []string{"ENCOUNTER_CLASS_ENCOUNTER_TYPES", "PHC=virtual"}, at("type_class", kind))
	refused("a class that the episode may not have", fam(), []string{"EPISODE_TYPE_ENCOUNTER_CLASSES", "PHC=AMB"}, at("class_episode", class))
	refused("a concilium of one", hos().put("encounter.type", concept("encounter_types", "concilium")), nil, at("participants", "$.encounter.participant"))
	p = hos().put("encounter.class.code", "INPATIENT").put("encounter.priority", concept("encounter_priority", "routine")).
		put("encounter.division", named("division", "division of packages")).
		put("encounter.hospitalization", build.Row{"destination": named("division", "no division")})
	refused("an unknown destination", p, nil, at("destination", "$.encounter.hospitalization.destination.identifier.value", "kind", "Division"))
	refused("two referrals of an encounter", fam().put("encounter.incoming_referral", named("service_request", "referral of packages")).
		put("encounter.paper_referral", build.Row{
			"requester_legal_entity_edrpou": "12345678", "requester_employee_name": "Лікарка Стороння Ольга", "service_request_date": "2026-03-20",
		}), nil, at("one_of_single", "$.encounter.incoming_referral"), at("one_of_single", "$.encounter.paper_referral"))

	// Observations.
	for _, c := range []struct {
		name, field string
		period      build.Row
	}{
		{"start", "start", build.Row{"start": future}},
		{"end", "end", build.Row{"start": all().at(time.Hour), "end": future}},
		{"order", "end", build.Row{"start": all().at(time.Hour), "end": all().at(2 * time.Hour)}},
	} {
		refused("an observation whose period is wrong: "+c.name, all().put("observations.0.effective_date_time", nil).put("observations.0.effective_period", c.period), nil,
			at("observation_effective_"+c.name, "$.observations[0].effective_period."+c.field))
	}
	p = hos().everything()
	p.put("encounter.type", concept("encounter_types", "patient_identity"))
	for i, code := range []string{"8302-2", "46098-0", "8310-5"} {
		o := build.Changed(p.get("observations.0").(build.Row), build.Row{ //nolint:forcetypeassert // so it was made
			"id": p.id("observation " + code).String(), "code": concept("LOINC/observation_codes", code), "reaction_on": nil,
		})
		delete(o, "reaction_on")
		if i == 0 {
			p.put("conditions.0.evidences", nil).put("observations", []any{})
			p.content["risk_assessments"] = []any{}
		}
		p.content["observations"] = append(p.content["observations"].([]any), o) //nolint:forcetypeassert // so it was made
	}
	refused("another observation of identity", p, nil, at("identity_allowed", "$.observations[2].code.coding[0].code"))

	// Conditions.
	refused("a condition of ICPC2 at a hospital", hos().put("conditions.0.code", concept("ICPC2/condition_codes", "R80")), nil,
		at("condition_system", "$.conditions[0].code.coding[0].system"))

	// Services.
	former := hos().put("diagnostic_reports.0.code", named("service", "former service")).put("diagnostic_reports.0.category", []any{concept("diagnostic_report_categories", "education")})
	refused("a report about a service out of use", former, nil, at("report_service_status", "$.diagnostic_reports[0].code.identifier.value"))
	refused("a procedure of a service out of use", hos().put("procedures.0.code", named("service", "former service")).put("procedures.0.category", concept("procedure_categories", "education")), nil,
		at("procedure_service_status", "$.procedures[0].code.identifier.value"))
	refused("an analysis without observations", hos().put("diagnostic_reports.0.code", named("service", "analysis of packages")).
		put("diagnostic_reports.0.category", []any{concept("diagnostic_report_categories", "laboratory")}), nil,
		at("report_observations", "$.diagnostic_reports[0].code.identifier.value"))
	refused("a report of a suspended organization", hos().put("diagnostic_reports.0.managing_organization", named("legal_entity", "suspended_clinic")),
		[]string{"RULES", "-" + string(rule("report_organization"))},
		at("report_organization_status", "$.diagnostic_reports[0].managing_organization.identifier.value"))

	// Vaccinations and procedures.
	refused("a given vaccine that was not given", all().put("immunizations.0.not_given", true).put("immunizations.0.status", "completed"), nil,
		at("immunization_needed", "$.immunizations[0].explanation.reasons_not_given", "property", "explanation.reasons_not_given"),
		at("immunization_excluded", "$.immunizations[0].explanation.reasons"))
	refused("a procedure that has yet to begin", hos().put("procedures.0.performed_period", build.Row{"start": future, "end": w.Now.Add(2 * day).Format(time.RFC3339)}), nil,
		at("procedure_performed_start", "$.procedures[0].performed_period.start"), at("procedure_performed_end", "$.procedures[0].performed_period.end"))

	// Several faults of a group answer together, and nothing of the package is stored.
	p = all().put("observations.0.issued", future).put("observations.0.performer", named("employee", "no employee"))
	p.put("conditions.0.onset_date", future)
	refused("a half-wrong package", p, nil, at("observation_issued", "$.observations[0].issued"),
		at("observation_performer", "$.observations[0].performer.identifier.value"))
}
