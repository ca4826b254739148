package encounterpackages

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
)

// refer makes a reference of the content.
func refer(kind string, id uuid.UUID) build.Row {
	return build.Row{"identifier": build.Row{
		"type": build.Row{"coding": []any{build.Row{"system": medicalevents.Resources, "code": kind}}}, "value": id.String(),
	}}
}

func named(kind, name string) build.Row { return refer(kind, build.ID(name)) }

func concept(system, code string) build.Row {
	return build.Row{"coding": []any{build.Row{"system": "eHealth/" + system, "code": code}}}
}

// pack is a package on its way: who signs it, what is signed, and the visit.
type pack struct {
	w       *build.World
	name    string
	user    string
	content build.Row
	visit   build.Row
}

func (p *pack) at(ago time.Duration) string {
	return p.w.Now.Add(-ago).Format("2006-01-02T15:04:05.000Z07:00")
}

// id of a record of the package.
func (p *pack) id(kind string) uuid.UUID { return build.ID(kind + " in " + p.name) }

func (p *pack) period(from, to time.Duration) build.Row {
	return build.Row{"start": p.at(from), "end": p.at(to)}
}

// family is a package of the family doctor: an encounter with a condition.
func family(w *build.World, name, episode string) *pack {
	p := &pack{w: w, name: name, user: "doctor"}
	p.visit = build.Row{"id": p.id("visit").String(), "period": p.period(3*time.Hour, time.Hour)}
	p.content = build.Row{
		"encounter": build.Row{
			"id": p.id("encounter").String(), "status": "finished", "period": p.period(2*time.Hour, time.Hour),
			"visit": refer("visit", p.id("visit")), "episode": named("episode", episode),
			"class": build.Row{"system": "eHealth/encounter_classes", "code": "PHC"}, "type": concept("encounter_types", "service_delivery_location"),
			"performer": named("employee", "employee doctor"), "reasons": []any{concept("ICPC2/reasons", "A02")},
			"diagnoses": []any{build.Row{"condition": refer("condition", p.id("condition")), "role": concept("diagnosis_roles", "primary"), "rank": 1}},
			"actions":   []any{concept("ICPC2/actions", "A31")}, "prescriptions": "Пити воду, провітрювати приміщення",
		},
		"conditions": []any{build.Row{
			"id": p.id("condition").String(), "primary_source": true, "asserter": named("employee", "employee doctor"), "context": refer("encounter", p.id("encounter")),
			"code": concept("ICPC2/condition_codes", "R80"), "clinical_status": "active", "verification_status": "confirmed",
			"severity": concept("condition_severities", "mild"), "onset_date": p.at(48 * time.Hour), "asserted_date": p.at(2 * time.Hour),
		}},
	}
	return p
}

// hospital is a package of the specialist: an encounter of an outpatient with a condition, a report and a procedure.
func hospital(w *build.World, name, episode string) *pack {
	p := family(w, name, episode)
	p.user = "hospital_doctor"
	doctor := named("employee", "employee hospital_doctor")
	p.put("encounter.class.code", "AMB").put("encounter.performer", doctor).put("encounter.actions", nil).put("encounter.reasons", nil)
	p.put("encounter.action_references", []any{named("service", "radiography")})
	p.put("encounter.diagnoses.0.condition", refer("condition", p.id("condition")))
	p.put("conditions.0.code", concept("ICD10_AM/condition_codes", "J11")).put("conditions.0.asserter", doctor)
	p.content["diagnostic_reports"] = []any{build.Row{
		"id": p.id("report").String(), "status": "final", "code": named("service", "radiography"), "category": []any{concept("diagnostic_report_categories", "imaging")},
		"issued": p.at(time.Hour), "effective_date_time": p.at(2 * time.Hour), "conclusion": "Патологічних змін у легенях не виявлено",
		"conclusion_code": concept("ICD10_AM/condition_codes", "J11"), "recorded_by": doctor, "encounter": refer("encounter", p.id("encounter")),
		"primary_source": true, "managing_organization": named("legal_entity", "hospital"), "performer": build.Row{"reference": doctor},
		"results_interpreter": build.Row{"reference": doctor}, "division": named("division", "division of packages"),
	}}
	p.content["procedures"] = []any{build.Row{
		"id": p.id("procedure").String(), "status": "completed", "code": named("service", "drainage"), "category": concept("procedure_categories", "surgical_procedure"),
		"encounter": refer("encounter", p.id("encounter")), "performed_period": p.period(2*time.Hour, time.Hour), "recorded_by": doctor, "primary_source": true,
		"performer": doctor, "managing_organization": named("legal_entity", "hospital"), "note": "Процедуру перенесено добре",
		"reason_references": []any{refer("condition", p.id("condition"))}, "division": named("division", "division of packages"),
	}}
	return p
}

// everything adds an observation, a vaccination, an allergy and an assessment of a risk.
func (p *pack) everything() *pack {
	doctor, encounter := named("employee", "employee "+p.user), refer("encounter", p.id("encounter"))
	p.content["observations"] = []any{build.Row{
		"id": p.id("observation").String(), "status": "valid", "context": encounter, "categories": []any{concept("observation_categories", "vital-signs")},
		"code": concept("LOINC/observation_codes", "8310-5"), "effective_date_time": p.at(2 * time.Hour), "issued": p.at(time.Hour), "primary_source": true,
		"performer": doctor, "value_quantity": build.Row{"value": 36.6, "system": "eHealth/ucum/units", "code": "Cel"},
		"reaction_on": refer("immunization", p.id("immunization")),
	}}
	p.content["immunizations"] = []any{build.Row{
		"id": p.id("immunization").String(), "status": "completed", "not_given": false, "vaccine_code": concept("vaccine_codes", "BCG"), "context": encounter,
		"date": p.at(2 * time.Hour), "primary_source": true, "performer": doctor, "manufacturer": "ТОВ Вакцина", "lot_number": "AAJN11K",
		"expiration_date": p.at(-24 * 365 * time.Hour), "site": concept("immunization_body_sites", "oral"), "route": concept("vaccination_routes", "oral"),
		"dose_quantity": build.Row{"value": 18, "unit": "mg", "system": "eHealth/immunization_dosage_units", "code": "mg"},
		"explanation":   build.Row{"reasons": []any{concept("reason_explanations", "429060002")}},
		"vaccination_protocols": []any{build.Row{
			"dose_sequence": 1, "series_doses": 2, "target_diseases": []any{concept("vaccination_target_diseases", "1857005")},
		}},
	}}
	p.content["allergy_intolerances"] = []any{build.Row{
		"id": p.id("allergy").String(), "clinical_status": "active", "verification_status": "confirmed", "type": "allergy", "category": "food", "criticality": "low",
		"context": encounter, "code": concept("allergy_intolerance_codes", "227493005"), "onset_date_time": p.at(48 * time.Hour), "asserted_date": p.at(time.Hour),
		"primary_source": false, "report_origin": concept("report_origins", "patient"),
	}}
	p.content["risk_assessments"] = []any{build.Row{
		"id": p.id("risk").String(), "status": "final", "code": concept("risk_assesment_codes", "R80"), "context": encounter, "asserted_date": p.at(time.Hour),
		"performer": doctor, "reason_references": []any{refer("condition", p.id("condition"))},
		"basis":       build.Row{"references": []any{refer("observation", p.id("observation"))}},
		"predictions": []any{build.Row{"probability_decimal": 0.2, "rationale": "Обтяжена спадковість за гіпертонією"}},
	}}
	p.put("conditions.0.evidences", []any{build.Row{"details": []any{refer("observation", p.id("observation"))}}})
	return p
}

// put sets what stands at a place of the content, conditions.0.code; nil takes it away.
func (p *pack) put(place string, value any) *pack {
	put(p.content, strings.Split(place, "."), value)
	return p
}

func put(in any, path []string, value any) {
	switch in := in.(type) {
	case build.Row:
		switch {
		case len(path) > 1:
			put(in[path[0]], path[1:], value)
		case value == nil:
			delete(in, path[0])
		default:
			in[path[0]] = value
		}
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil {
			panic(err) // a place of the world
		}
		if len(path) > 1 {
			put(in[i], path[1:], value)
		} else {
			in[i] = value
		}
	}
}

// get returns what stands at a place.
func (p *pack) get(place string) any {
	var value any = p.content
	for _, part := range strings.Split(place, ".") {
		switch in := value.(type) {
		case build.Row:
			value = in[part]
		case []any:
			i, _ := strconv.Atoi(part)
			value = in[i]
		}
	}
	return value
}

// request sends the package, signed by its user.
func (p *pack) request(patient string) build.Request {
	return p.signed(patient, marshal(p.content), p.user)
}

func marshal(content build.Row) string {
	raw, err := json.Marshal(content)
	if err != nil {
		panic(err) // a value of the world
	}
	return string(raw)
}

// signed sends text, signed by a user.
func (p *pack) signed(patient, text, signer string) build.Request {
	body := build.Row{"signed_data": p.w.Sign(json.RawMessage(text), accounts.Signer(signer))}
	if p.visit != nil {
		body["visit"] = p.visit
	}
	return build.Post(build.TokenValue(p.user), "/api/patients/"+patient+"/encounter_package").With(body)
}
