package servicerequests

import (
	"net/http"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	document "esoz/internal/resource/approvals"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/approvals"
	"esoz/internal/sandbox/world/build"
)

func category(code string) build.Row {
	return build.Row{"category": build.Row{"coding": []build.Row{{"system": "eHealth/SNOMED/service_request_categories", "code": code}}}}
}

// proposed is what a doctor asks for, but for what is changed.
func proposed(w *build.World, changes build.Row) build.Row {
	const note, instruction = "Запис ЕКГ у спокої", "Прийти натще"
	w.Confide(note, instruction)
	return build.Edit(build.Changed(category("diagnostic_procedure"), build.Row{
		"status": "active", "intent": "order", "priority": "routine", "code": build.ReferenceTo("service", "service"), "context": build.ReferenceTo("encounter", "encounter of patient"),
		"requester_employee": build.ReferenceTo("employee", "employee doctor"), "requester_legal_entity": build.ReferenceTo("legal_entity", "clinic"),
		"reason_reference": build.ReferencesTo("condition", "condition of patient"), "note": note, "patient_instruction": instruction,
		"occurrence_date_time": in(w, 14*day), "quantity": build.Row{"value": 1, "system": "SERVICE_UNIT", "code": "PIECE"},
	}), changes)
}

// in is a moment to come, or past.
func in(w *build.World, from time.Duration) string { return w.Now.Add(from).Format(time.RFC3339) }

func period(start, end string) build.Row {
	between := build.Row{"start": start, "end": end}
	if end == "" {
		delete(between, "end")
	}
	return build.Row{"occurrence_date_time": nil, "occurrence_period": between}
}

// asking is Create or PreQualify Service Request: both check what is asked for alike.
type asking struct {
	w              *build.World
	op, family, at string
	status         int // of an answer that passes
	ask            func(changes build.Row) build.Request
}

func create(w *build.World) {
	accounts.User(w, "assistant", nil)
	accounts.Party(w, "assistant", "Дарія", "Опанасенко", "Львівна", nil)
	accounts.Employee(w, "assistant", "clinic", "ASSISTANT", "an assistant of the clinic's doctors", nil)
	accounts.Token(w, "assistant", "assistant", "clinic", []string{"service_request:write"}, "an assistant of the clinic's doctors", nil)

	const op = "createServiceRequest"
	by := func(token, user, patient string, content any) build.Request {
		return build.Post(token, "/api/patients/"+patient+"/service_requests").With(build.Row{"signed_data": w.Sign(content, accounts.Signer(user))})
	}
	patient := build.ID("patient").String()
	content := func(changes build.Row) build.Row {
		return proposed(w, build.Changed(build.Row{"id": build.ID("service request that is never written"), "program": build.ReferenceTo("medical_program", "medical program")}, changes))
	}
	a := asking{w, op, "service_request.create", "$", http.StatusAccepted, func(changes build.Row) build.Request { return by(doctor, "doctor", patient, content(changes)) }}

	a.written("signed by the requester", nil)
	a.written("no program", build.Row{"program": nil})
	a.written("a second referral of the encounter", nil)
	a.written("a referral that names its performer", build.Row{"performer": build.ReferenceTo("legal_entity", "other_clinic"), "location_reference": build.ReferenceTo("division", "division of the other clinic")})
	a.passes()

	open := a.ask(nil)
	w.Refused(op, "nothing signed", open.With(build.Row{}), build.MissingProperty(rules.ServiceRequestCreateSchema, "signed_data"))
	a.refused("an unknown patient", by(doctor, "doctor", build.ID("nobody").String(), content(nil)), "person")
	a.refused("an inactive patient", by(doctor, "doctor", build.ID("inactive_patient").String(), content(nil)), "person_active")
	a.callers(open)
	a.refused("a legal entity that NHS has not verified", open.Bearing(build.TokenValue("unlisted_doctor")), "legal_entity_verified")
	a.refused("signed by a colleague", by(build.TokenValue("colleague"), "colleague", patient, content(nil)), "requester")
	a.refused("no requester", a.ask(build.Row{"requester_employee": nil}), "requester")
	for _, field := range []string{"id", "status", "intent", "priority", "category", "code", "requester_legal_entity"} {
		w.Refused(op, "no "+field, a.ask(build.Row{field: nil}), build.MissingProperty(rules.ServiceRequestCreateContent, field))
	}
	w.Refused(op, "a number that the client has made", a.ask(build.Row{"requisition": Requisition("patient")}),
		build.WrongShape(rules.ServiceRequestCreateContent, "$.requisition", "schema", "schema does not allow additional properties"))
	w.Refused(op, "content that is a list", by(doctor, "doctor", patient, []any{}), fault.Refuse(rules.ServiceRequestCreateRequester))
	taken := build.Row{"id": build.ID("service request to be used")}
	a.refused("an id that is taken", a.ask(taken), "id")
	a.refusals()
	assisted := content(build.Changed(category("counselling"), build.Row{"requester_employee": build.ReferenceTo("employee", "employee assistant"), "code": build.ReferenceTo("service_group", "service group")}))
	a.refused("an assistant's referral for counselling", by(build.TokenValue("assistant"), "assistant", patient, assisted), "requester_category")
	program := func(title, name, rule string) {
		a.refused(title, a.ask(build.Row{"program": build.ReferenceTo("medical_program", name)}), rule)
	}
	program("an unknown program", "no program", "program")
	program("a program that has ended", "inactive medical program", "program")
	program("a program of medications", "medical program of medications", "program_type")
	program("a program without the service", "other medical program", "program_service")
}

func prequalify(w *build.World) {
	const op = "preQualifyServiceRequest"
	by := func(token, patient string, changes build.Row, programs ...string) build.Request {
		asked := []build.Row{}
		for _, name := range programs {
			asked = append(asked, build.ReferenceTo("medical_program", name))
		}
		return build.Post(token, "/api/patients/"+patient+"/service_requests/prequalify").With(build.Row{"service_request": proposed(w, changes), "programs": asked})
	}
	patient := build.ID("patient").String()
	a := asking{w, op, "service_request.prequalify", "$.service_request", http.StatusOK, func(changes build.Row) build.Request {
		return by(doctor, patient, changes, "medical program")
	}}
	w.Passes(op, "a program that would pay", a.ask(nil), http.StatusOK)
	w.Passes(op, "programs that would not pay", by(doctor, patient, nil, "no program", "inactive medical program", "medical program of medications",
		"other medical program", "medical program without requests"), http.StatusOK)
	w.Passes(op, "a patient whose records the doctor may not read", by(doctor, build.ID("stranger_patient").String(), build.Row{
		"context": build.ReferenceTo("encounter", "encounter of stranger_patient"), "reason_reference": nil,
	}, "medical program"), http.StatusOK)
	w.Passes(op, "a patient who gets no SMS", by(doctor, build.ID("offline_patient").String(), build.Row{
		"context": build.ReferenceTo("encounter", "encounter of the referral"), "reason_reference": nil,
	}, "medical program"), http.StatusOK)
	a.passes()

	w.Refused(op, "no programs", by(doctor, patient, nil), build.WrongShape(rules.ServiceRequestPrequalifySchema, "$.programs", "length", "expected a minimum of 1 items but got 0"))
	w.Refused(op, "an id", a.ask(build.Row{"id": build.ID("an id")}),
		build.WrongShape(rules.ServiceRequestPrequalifySchema, "$.service_request.id", "schema", "schema does not allow additional properties"))
	a.refused("an unknown patient", by(doctor, build.ID("nobody").String(), nil, "medical program"), "person")
	a.refused("an inactive patient", by(doctor, build.ID("inactive_patient").String(), nil, "medical program"), "person_active")
	a.callers(a.ask(nil))
	a.refusals()
	a.refused("an assistant's referral for counselling", a.ask(build.Changed(category("counselling"), build.Row{
		"requester_employee": build.ReferenceTo("employee", "employee assistant"), "code": build.ReferenceTo("service_group", "service group"),
	})), "requester_category")
}

func (a asking) refused(title string, request build.Request, rule string, args ...any) *build.Case {
	return a.w.Refused(a.op, title, request, fault.Refuse(a.rule(rule), args...))
}

func (a asking) rule(name string) rules.ID { return rules.ID(a.family + "." + name) }

// callers are those who may not ask at all.
func (a asking) callers(request build.Request) {
	for _, who := range []struct{ title, token, rule string }{
		{"a client without a legal entity", "stranger", "legal_entity"},
		{"a type of legal entity that is not allowed", "nhs", "legal_entity_type"},
		{"a suspended legal entity", "suspended_doctor", "legal_entity_status"},
	} {
		a.refused(who.title, request.Bearing(build.TokenValue(who.token)), who.rule)
	}
}

// written is a referral that is created.
func (a asking) written(title string, changes build.Row) {
	if a.status == http.StatusAccepted {
		name := "service request to be written: " + title
		a.w.Object("service request", name, "is not there yet: Create Service Request makes it")
		changes = build.Changed(build.Row{"id": build.ID(name)}, changes)
	}
	a.w.Passes(a.op, title, a.ask(changes), a.status)
}

// passes are what both operations take.
func (a asking) passes() {
	w := a.w
	a.written("a group of services", build.Changed(category("counselling"), build.Row{"code": build.ReferenceTo("service_group", "service group")}))
	a.written("hospitalization", category("hospitalization"))
	a.written("a period without an end", period(in(w, day), ""))
	a.written("a referral about a specimen", build.Changed(category("laboratory_procedure"), build.Row{
		"context": nil, "code": build.ReferenceTo("service_group", "service group"), "focus": build.ReferencesTo("specimen", "specimen of patient"), "specimens": build.ReferencesTo("specimen", "specimen of patient"),
	}))
	a.written("what is known of the patient", build.Row{
		"reason_reference":    []build.Row{build.ReferenceTo("observation", "observation of patient"), build.ReferenceTo("diagnostic_report", "diagnostic report of patient")},
		"supporting_info":     []build.Row{build.ReferenceTo("episode_of_care", "episode of patient"), build.ReferenceTo("device_request", "device request to be dispensed")},
		"permitted_resources": []build.Row{build.ReferenceTo("episode_of_care", "episode of patient"), build.ReferenceTo("diagnostic_report", "diagnostic report of patient")},
		"performer_type":      build.Row{"coding": []build.Row{{"system": "SPECIALITY_TYPE", "code": "FAMILY_DOCTOR"}}},
		"inform_with":         build.Row{"auth_method_id": build.ID("method of patient")},
	})
	a.written("an activity of a care plan", a.carryingOut("", Plan{}))
}

// carryingOut is a referral by a care plan that the doctor may change.
func (a asking) carryingOut(what string, p Plan) build.Row {
	what = "to be asked for by " + a.op + what
	planned := p.Add(a.w, what)
	approvals.AddWriting(a.w, "approval to change the care plan "+what, "patient", "lets the clinic's doctor change a care plan", "doctor",
		document.To("care_plan", planned[0].Identifier.Value))
	return build.Row{"based_on": []build.Row{build.ReferenceTo("care_plan", "care plan with an activity "+what), build.ReferenceTo("activity", "activity "+what)}}
}

// refusals are what both refuse of what is asked for.
func (a asking) refusals() {
	w := a.w
	wrong := func(title string, changes build.Row, rule string, args ...any) *build.Case {
		return a.refused(title, a.ask(changes), rule, args...)
	}
	at := a.at + ".context.identifier.type.coding[0].code"
	w.Refused(a.op, "a context of another kind", a.ask(build.Row{"context": build.ReferenceTo("episode", "episode of patient")}), fault.RefuseAt(a.rule("kinds"), at, nil))
	wrong("neither context nor focus", build.Row{"context": nil}, "context_required")
	both := []*fault.Error{fault.Refuse(a.rule("occurrence")), fault.RefuseAt(a.rule("occurrence"), a.at+".occurrence_period", nil)}
	w.Refused(a.op, "a moment and a period", a.ask(build.Row{"occurrence_period": build.Row{"start": in(w, day)}}), both...)

	wrong("an unknown category", build.Changed(category("whim"), build.Row{"code": build.ReferenceTo("service_group", "service group")}), "category", "code", "whim")
	wrong("specimens for an examination", build.Row{"specimens": build.ReferencesTo("specimen", "specimen of patient")}, "specimens_category")
	wrong("a service out of use", build.Row{"code": build.ReferenceTo("service", "former service")}, "code_status", "what", "Service")
	wrong("a group out of use", build.Row{"code": build.ReferenceTo("service_group", "empty service group")}, "code_status", "what", "Service group")
	wrong("a group that no request may name", build.Row{"code": build.ReferenceTo("service_group", "group of tomography")}, "code_request_allowed", "what", "service group")
	wrong("an unknown service", build.Row{"code": build.ReferenceTo("service", "no service")}, "code", "what", "Service")
	wrong("another category than that of the service", category("imaging"), "code_category")
	wrong("an unknown encounter", build.Row{"context": build.ReferenceTo("encounter", "no encounter")}, "context")
	wrong("an encounter of another patient", build.Row{"context": build.ReferenceTo("encounter", "encounter of stranger_patient")}, "context")
	wrong("an encounter that was entered in error", build.Row{"context": build.ReferenceTo("encounter", "encounter entered in error")}, "context_status")
	wrong("another legal entity's referral", build.Row{"requester_legal_entity": build.ReferenceTo("legal_entity", "other_clinic")}, "requester_legal_entity")

	item := func(title, field string, list []build.Row, rule string, args ...any) {
		w.Refused(a.op, title, a.ask(build.Row{field: list}), fault.RefuseItem(a.rule(rule), len(list)-1, nil, args...))
	}
	for _, field := range []string{"reason_reference", "supporting_info"} {
		item("an unknown condition in "+field, field, build.ReferencesTo("condition", "no condition"), field, "what", "Condition with such id")
		item("an observation that was entered in error in "+field, field,
			build.ReferencesTo("observation", "observation entered in error"), field+"_status", "what", "Observation")
	}
	for _, field := range []string{"supporting_info", "permitted_resources"} {
		item("an unknown episode in "+field, field, build.ReferencesTo("episode_of_care", "no episode"), field, "what", "Episode with such ID")
		item("a closed episode in "+field, field, build.ReferencesTo("episode_of_care", "closed episode"), field+"_episode")
	}
	item("a report that was entered in error", "permitted_resources", build.ReferencesTo("diagnostic_report", "diagnostic report entered in error"), "permitted_resources_status", "what", "Diagnostic report")
	laboratory := build.Changed(category("laboratory_procedure"), build.Row{"code": build.ReferenceTo("service_group", "service group")})
	wrong("permitted resources for a laboratory", build.Changed(laboratory, build.Row{"permitted_resources": []build.Row{}}), "permitted_resources_laboratory")
	wrong("a service that was wanted yesterday", build.Row{"occurrence_date_time": in(w, -2*day)}, "occurrence_date_time")
	wrong("a period that has begun", period(in(w, -hour), in(w, day)), "occurrence_start")
	wrong("a period that ends before it begins", period(in(w, 2*day), in(w, day)), "occurrence_end")
	wrong("an unknown performer", build.Row{"performer": build.ReferenceTo("legal_entity", "no legal entity")}, "performer")
	wrong("a performer that is closed", build.Row{"performer": build.ReferenceTo("legal_entity", "closed_clinic")}, "performer_status")
	wrong("an unknown division", build.Row{"location_reference": build.ReferenceTo("division", "no division")}, "location_reference")
	wrong("an inactive division", build.Row{"location_reference": build.ReferenceTo("division", "inactive drugstore")}, "location_reference_status")
	for _, field := range []string{"specimens", "focus"} {
		for _, s := range []struct{ title, name, rule, what string }{
			{"an unknown specimen in ", "no specimen", field, "Specimen with such id"},
			{"a specimen that was entered in error in ", "specimen entered in error", field + "_status", "Specimen"},
		} {
			w.Refused(a.op, s.title+field, a.ask(build.Changed(laboratory, build.Row{field: build.ReferencesTo("specimen", s.name)})), fault.RefuseItem(a.rule(s.rule), 0, nil, "what", s.what))
		}
	}
	planned := func(title string, changes build.Row, rule string, i int) {
		w.Refused(a.op, title, a.ask(changes), fault.RefuseItem(a.rule(rule), i, nil))
	}
	planned("an unknown care plan", build.Row{"based_on": build.ReferencesTo("care_plan", "no care plan")}, "care_plan", 0)
	planned("a completed care plan", a.carryingOut(" of a completed plan", Plan{Status: "completed"}), "care_plan_status", 0)
	planned("a care plan that has ended", a.carryingOut(" of a plan that has ended", Plan{Ended: true}), "care_plan_end", 0)
	planned("an activity of another care plan", build.Row{"based_on": []build.Row{
		build.ReferenceTo("care_plan", "care plan of patient"), build.ReferenceTo("activity", "activity to be asked for by "+a.op+" of a completed plan"),
	}}, "activity", 1)
	wrong("an activity that was cancelled", a.carryingOut(" that is cancelled", Plan{Activity: "cancelled"}), "activity_status")
	Plan{}.Add(w, "that the doctor of "+a.op+" may not change")
	foreign := "care plan with an activity that the doctor of " + a.op + " may not change"
	wrong("a care plan that the doctor may not change", build.Row{"based_on": build.ReferencesTo("care_plan", foreign)}, "care_plan_access")
	wrong("more than is left of an activity", build.Changed(a.carryingOut(" of which too much is asked for", Plan{}), build.Row{
		"quantity": build.Row{"value": 100, "system": "SERVICE_UNIT", "code": "PIECE"},
	}), "activity_quantity")
	wrong("another patient's method", build.Row{"inform_with": build.Row{"auth_method_id": build.ID("method of newcomer")}}, "inform_with")

	all := build.Changed(category("whim"), build.Row{
		"code": build.ReferenceTo("service", "no service"), "context": build.ReferenceTo("encounter", "no encounter"), "requester_legal_entity": build.ReferenceTo("legal_entity", "other_clinic"),
		"occurrence_date_time": in(w, -2*day), "based_on": build.ReferencesTo("care_plan", "no care plan"),
	})
	w.Refused(a.op, "everything wrong at once", a.ask(all), fault.Refuse(a.rule("category"), "code", "whim"), fault.Refuse(a.rule("code"), "what", "Service"),
		fault.Refuse(a.rule("context")), fault.Refuse(a.rule("requester_legal_entity")),
		fault.Refuse(a.rule("occurrence_date_time")), fault.RefuseItem(a.rule("care_plan"), 0, nil))
}
