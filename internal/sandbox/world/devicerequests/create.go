package devicerequests

import (
	"net/http"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	document "esoz/internal/resource/approvals"
	"esoz/internal/resource/medicalevents"
	record "esoz/internal/resource/medicalrecords"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/approvals"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/medicalrecords"
	"esoz/internal/sandbox/world/servicerequests"
)

// ofType prescribes a type of devices.
func ofType(system, code string) build.Row {
	return build.Row{"code_reference": nil, "code": build.Row{"coding": []build.Row{{"system": system, "code": code}}}}
}

const classification = "device_definition_classification_type"

// prescribed is what a doctor prescribes, but for what is changed.
func prescribed(w *build.World, changes build.Row) build.Row {
	return build.Edit(build.Row{
		"intent": "order", "quantity": pieces(10), "code_reference": build.ReferenceTo("device_definition", "device definition"),
		"encounter": build.ReferenceTo("encounter", "encounter of patient"), "reason": build.ReferencesTo("condition", "condition of patient"),
		"requester": build.ReferenceTo("employee", "employee doctor"), "authored_on": in(w, -hour), "occurrence_period": during(w, 0, 30*day), "priority": "routine",
	}, changes)
}

func pieces(value float64) build.Row {
	return build.Row{"value": value, "system": "device_unit", "code": "piece"}
}

// in is a moment to come, or past.
func in(w *build.World, from time.Duration) string { return w.Now.Add(from).Format(time.RFC3339) }

func during(w *build.World, start, end time.Duration) build.Row {
	return build.Row{"start": in(w, start), "end": in(w, end)}
}

// asking is Create or PreQualify Device Request: both check what is prescribed alike.
type asking struct {
	w              *build.World
	op, family, at string
	status         int // of an answer that passes
	ask            func(patient string, changes build.Row) build.Request
}

func create(w *build.World) {
	const op, note = "createDeviceRequest", "Навчити користуватися глюкометром"
	for _, e := range []struct {
		name, legalEntity, note string
		columns                 build.Row
	}{
		{"dismissed employee doctor", "clinic", "the doctor in a former position", build.Row{"status": "DISMISSED"}},
		{"employee doctor of the hospital", "hospital", "the doctor in a hospital", nil},
	} {
		w.Insert("prm.employees", build.Changed(w.Audited(build.Row{
			"id": w.Object("employee", e.name, e.note), "party_id": build.ID("party doctor"), "legal_entity_id": build.ID(e.legalEntity),
			"employee_type": "DOCTOR", "position": "P1", "status": "APPROVED", "is_active": true, "start_date": w.Now.AddDate(-2, 0, 0),
		}), e.columns))
	}
	medicalrecords.CarryOut(w, "encounter", "encounter of today", "of the doctor, an hour ago", func(d *record.Encounter) {
		d.Period = medicalevents.Period{Start: w.Now.Add(-hour)}
	})
	medicalrecords.CarryOut(w, "encounter", "encounter of a colleague", "of the clinic, of the doctor's colleague", func(d *record.Encounter) {
		d.Performer = medicalevents.To("employee", build.ID("employee colleague"))
	})
	for _, p := range []struct {
		name, note string
		settings   build.Row
	}{
		{"device program of orthopaedists", "only orthopaedists may prescribe its devices", build.Row{"speciality_types_request_allowed": []string{"ORTHOPAEDICS"}}},
		{"device program of one request", "pays for devices that the patient does not have at the time", build.Row{"skip_treatment_period": false}},
		{"device program of two weeks", "its devices are dispensed for 14 days", build.Row{"dispense_period_day": 14}},
	} {
		w.Insert("prm.medical_programs", w.Audited(build.Row{
			"id": w.Object("medical program", p.name, p.note), "name": p.note, "type": "DEVICE", "funding_source": "NHS", "is_active": true,
			"medical_program_settings": p.settings,
		}))
	}
	w.Insert("prm.program_devices", w.Audited(build.Row{
		"id":                 w.Object("program device", "program device of two weeks", "the device definition in the device program of two weeks"),
		"medical_program_id": build.ID("device program of two weeks"), "device_definition_id": build.ID("device definition"),
		"reimbursement_type": "FIXED", "reimbursement_amount": 12.5, "device_request_allowed": true, "care_plan_activity_allowed": true,
		"start_date": w.Day(-365), "is_active": true,
	}))

	by := func(token, user, patient string, content any) build.Request {
		return build.Post(token, "/api/patients/"+patient+"/device_requests").With(build.Row{"signed_data": w.Sign(content, accounts.Signer(user))})
	}
	content := func(changes build.Row) build.Row {
		return prescribed(w, build.Changed(build.Row{
			"id": build.ID("device request that is never written"), "status": "active", "note": note, "program": build.ReferenceTo("medical_program", "device program"),
		}, changes))
	}
	a := asking{w, op, "device_request.create", "$", http.StatusAccepted, func(patient string, changes build.Row) build.Request {
		return by(doctor, "doctor", build.ID(patient).String(), content(changes))
	}}
	a.written("signed by the requester", nil)
	a.written("no program, and no amount", build.Row{"program": nil, "quantity": nil, "note": nil})
	a.written("a program with a dispense period of its own", build.Row{"program": build.ReferenceTo("medical_program", "device program of two weeks")})
	a.passes()
	assistive := build.Changed(ofType("eHealth/assistive_devices", "12_22_03"), build.Row{"program": nil})
	a.written("a wheelchair, by a doctor who may", assistive).Set("ASSISTIVE_DEVICES_SPECIALITIES_ALLOWED", "FAMILY_DOCTOR")

	open := a.ask("patient", nil)
	w.Refused(op, "nothing signed", open.With(build.Row{}), build.MissingProperty(rules.DeviceRequestCreateSchema, "signed_data"))
	a.callers(open)
	a.refused("an unknown patient", by(doctor, "doctor", build.ID("nobody").String(), content(nil)), "person")
	a.refused("an inactive patient", by(doctor, "doctor", build.ID("inactive_patient").String(), content(nil)), "person_active")
	for _, field := range []string{"id", "status", "intent", "encounter", "requester", "authored_on", "occurrence_period"} {
		w.Refused(op, "no "+field, a.ask("patient", build.Row{field: nil}), build.MissingProperty(rules.DeviceRequestCreateContent, field))
	}
	w.Refused(op, "a number that the client has made", a.ask("patient", build.Row{"requisition": Requisition("patient")}),
		build.WrongShape(rules.DeviceRequestCreateContent, "$.requisition", "schema", "schema does not allow additional properties"))
	a.refused("a program, and no amount", a.ask("patient", build.Row{"quantity": nil}), "quantity")
	a.refusals()
	a.refused("an id that is taken", a.ask("patient", build.Row{"id": build.ID("device request to be dispensed")}), "id")
	type30221 := ofType(classification, "30221")
	for _, p := range []struct {
		title, program, rule string
		changes              build.Row
	}{
		{"an unknown program", "no program", "program", nil},
		{"a program of services", "medical program", "program_type", nil},
		{"a program that takes types alone", "medical program of devices", "program_allowed", nil},
		{"a program of other doctors", "device program of orthopaedists", "program_allowed", nil},
		{"a second request in a treatment period", "device program of one request", "program_treatment", nil},
		{"a program that pays for too few a day", "scarce device program", "program_participants", nil},
		{
			"a program that counts boxes", "device program of boxes",
			"program_units", type30221,
		},
		{
			"an amount that fills no packages", "device program of large packages",
			"program_packages", type30221,
		},
	} {
		a.refused(p.title, a.ask("patient", build.Changed(build.Row{"program": build.ReferenceTo("medical_program", p.program)}, p.changes)), p.rule)
	}
}

func prequalify(w *build.World) {
	const op = "preQualifyDeviceRequest"
	by := func(token, patient string, changes build.Row, programs ...string) build.Request {
		asked := []build.Row{}
		for _, name := range programs {
			asked = append(asked, build.ReferenceTo("medical_program", name))
		}
		return build.Post(token, "/api/patients/"+patient+"/device_requests/prequalify").With(build.Row{"device_request": prescribed(w, changes), "programs": asked})
	}
	a := asking{w, op, "device_request.prequalify", "$.device_request", http.StatusOK, func(patient string, changes build.Row) build.Request {
		return by(doctor, build.ID(patient).String(), changes, "device program")
	}}
	patient := build.ID("patient").String()
	w.Passes(op, "a program that would pay", a.ask("patient", nil), http.StatusOK)
	w.Passes(op, "programs that would not pay", by(doctor, patient, ofType(classification, "30221"), "no program", "inactive medical program", "medical program",
		"device program of orthopaedists", "device program of one request", "scarce device program", "device program of boxes", "device program of large packages"), http.StatusOK)
	a.passes()

	w.Refused(op, "no programs", by(doctor, patient, nil), build.WrongShape(rules.DeviceRequestPrequalifySchema, "$.programs", "length", "expected a minimum of 1 items but got 0"))
	w.Refused(op, "no amount", a.ask("patient", build.Row{"quantity": nil}), build.WrongShape(rules.DeviceRequestPrequalifySchema, "$.device_request.quantity", "required", "required property quantity was not present"))
	a.callers(a.ask("patient", nil))
	a.refused("an unknown patient", by(doctor, build.ID("nobody").String(), nil, "device program"), "person")
	a.refused("an inactive patient", by(doctor, build.ID("inactive_patient").String(), nil, "device program"), "person_active")
	a.refusals()
}

func (a asking) refused(title string, request build.Request, rule string, args ...any) *build.Case {
	return a.w.Refused(a.op, title, request, fault.Refuse(a.rule(rule), args...))
}

func (a asking) rule(name string) rules.ID { return rules.ID(a.family + "." + name) }

// callers are those who may not ask at all.
func (a asking) callers(request build.Request) {
	for _, who := range []struct{ title, token, user, rule string }{
		{"a client without a legal entity", "stranger", "owner", "legal_entity"},
		{"a suspended legal entity", "suspended_doctor", "doctor", "legal_entity_status"},
		{"a type of legal entity that is not allowed", "nhs", "doctor", "legal_entity_type"},
	} {
		request := request
		if a.status == http.StatusAccepted { // signed by the user of the token
			request = request.With(build.Row{"signed_data": a.w.Sign(build.Row{}, accounts.Signer(who.user))})
		}
		a.refused(who.title, request.Bearing(build.TokenValue(who.token)), who.rule)
	}
}

// written is a request that is created.
func (a asking) written(title string, changes build.Row) *build.Case {
	if a.status == http.StatusAccepted {
		name := "device request to be written: " + title
		a.w.Object("device request", name, "is not there yet: Create Device Request makes it")
		changes = build.Changed(build.Row{"id": build.ID(name)}, changes)
	}
	return a.w.Passes(a.op, title, a.ask("patient", changes), a.status)
}

// passes are what both operations take.
func (a asking) passes() {
	a.written("a type of devices", ofType(classification, "30221"))
	a.written("what is known of the patient", build.Row{
		"reason": []build.Row{build.ReferenceTo("condition", "condition of patient"), build.ReferenceTo("observation", "observation of patient"), build.ReferenceTo("diagnostic_report", "diagnostic report of patient")},
		"supporting_info": []build.Row{
			build.ReferenceTo("episode", "episode of patient"), build.ReferenceTo("encounter", "encounter of patient"), build.ReferenceTo("procedure", "procedure of patient"),
		},
		"performer": build.ReferenceTo("legal_entity", "pharmacy"), "inform_with": build.ID("method of patient"),
		"parameter": []build.Row{{
			"code": build.Row{"coding": []build.Row{{"system": "device_request_code_parameter", "code": "side"}}}, "value_string": "лівий",
		}},
	})
	a.written("an activity of a care plan", a.carryingOut("", servicerequests.Plan{}))
}

// carryingOut is a request by a care plan that the doctor may change.
func (a asking) carryingOut(what string, p servicerequests.Plan) build.Row {
	what = "to be prescribed by " + a.op + what
	planned := p.Add(a.w, what)
	approvals.AddWriting(a.w, "approval to change the care plan "+what, "patient", "lets the clinic's doctor change a care plan", "doctor",
		document.To("care_plan", planned[0].Identifier.Value))
	return build.Row{"based_on": []build.Row{build.ReferenceTo("care_plan", "care plan with an activity "+what), build.ReferenceTo("activity", "activity "+what)}}
}

// refusals are what both refuse of what is prescribed.
func (a asking) refusals() {
	w := a.w
	wrong := func(title string, changes build.Row, rule string, args ...any) *build.Case {
		return a.refused(title, a.ask("patient", changes), rule, args...)
	}
	at := func(title string, changes build.Row, rule, place string) {
		w.Refused(a.op, title, a.ask("patient", changes), fault.RefuseAt(a.rule(rule), a.at+place, nil))
	}
	item := func(title, field string, list []build.Row, rule string, args ...any) {
		w.Refused(a.op, title, a.ask("patient", build.Row{field: list}), fault.RefuseItem(a.rule(rule), len(list)-1, nil, args...))
	}
	at("an encounter of another kind", build.Row{"encounter": build.ReferenceTo("episode", "episode of patient")}, "kinds", ".encounter.identifier.type.coding[0].code")
	wrong("a colleague's request", build.Row{"requester": build.ReferenceTo("employee", "employee colleague")}, "requester")
	wrong("an unknown employee", build.Row{"requester": build.ReferenceTo("employee", "nobody")}, "requester")
	wrong("a dismissed employee", build.Row{"requester": build.ReferenceTo("employee", "dismissed employee doctor")}, "requester_status")
	elsewhere := "employee doctor of the hospital"
	wrong("an employee of a hospital", build.Row{"requester": build.ReferenceTo("employee", elsewhere)}, "requester_legal_entity", "id", build.ID(elsewhere))
	wrong("a wheelchair by a family doctor", ofType("eHealth/assistive_devices", "12_22_03"), "requester_speciality")

	planned := func(title string, changes build.Row, rule string, i int) {
		w.Refused(a.op, title, a.ask("patient", changes), fault.RefuseItem(a.rule(rule), i, nil))
	}
	planned("an unknown care plan", build.Row{"based_on": build.ReferencesTo("care_plan", "no care plan")}, "care_plan", 0)
	planned("a completed care plan", a.carryingOut(" of a completed plan", servicerequests.Plan{Status: "completed"}), "care_plan_status", 0)
	planned("a care plan that has ended", a.carryingOut(" of a plan that has ended", servicerequests.Plan{Ended: true}), "care_plan_end", 0)
	planned("an activity of another care plan", build.Row{"based_on": []build.Row{
		build.ReferenceTo("care_plan", "care plan of patient"), build.ReferenceTo("activity", "activity to be prescribed by "+a.op+" of a completed plan"),
	}}, "activity", 1)
	// No reason, as in the cases with the other patient below: with those together, the care plan would be another patient's.
	wrong("an activity that was cancelled", build.Changed(a.carryingOut(" that is cancelled", servicerequests.Plan{Activity: "cancelled"}), build.Row{"reason": nil}), "activity_status")
	servicerequests.Plan{}.Add(w, "that the doctor of "+a.op+" may not change")
	wrong("a care plan that the doctor may not change", build.Row{"reason": nil, "based_on": build.ReferencesTo("care_plan", "care plan with an activity that the doctor of "+a.op+" may not change")}, "care_plan_access")

	both := build.Changed(ofType(classification, "30221"), build.Row{"code_reference": build.ReferenceTo("device_definition", "device definition")})
	w.Refused(a.op, "a definition and a type", a.ask("patient", both), fault.Refuse(a.rule("one_code")), fault.RefuseAt(a.rule("one_code"), a.at+".code_reference", nil))
	w.Refused(a.op, "neither a definition nor a type", a.ask("patient", build.Row{"code_reference": nil}), fault.Refuse(a.rule("one_code")), fault.RefuseAt(a.rule("one_code"), a.at+".code_reference", nil))
	wrong("an unknown definition", build.Row{"code_reference": build.ReferenceTo("device_definition", "no device definition")}, "code_reference")
	wrong("a definition out of use", build.Row{"code_reference": build.ReferenceTo("device_definition", "inactive device definition")}, "code_reference")
	wrong("a type of another dictionary", ofType("eHealth/body_structures", "head"), "code")
	at("a definition of a type that may not be prescribed", build.Row{"code_reference": build.ReferenceTo("device_definition", "device definition of another type")}, "code", ".code_reference")
	w.Cases[len(w.Cases)-1].Set("PRESCRIBABLE_DEVICE_CODES", classification+"|30221")
	wrong("half a device", build.Row{"quantity": pieces(2.5)}, "quantity_value")
	wrong("an unknown encounter", build.Row{"encounter": build.ReferenceTo("encounter", "no encounter")}, "encounter")
	wrong("an encounter of another patient", build.Row{"encounter": build.ReferenceTo("encounter", "encounter of stranger_patient")}, "encounter")
	wrong("an encounter that was entered in error", build.Row{"encounter": build.ReferenceTo("encounter", "encounter entered in error")}, "encounter_status")
	ofOffline := build.Row{"reason": nil, "encounter": build.ReferenceTo("encounter", "encounter of a colleague")}
	a.refused("a colleague's encounter", a.ask("offline_patient", ofOffline), "encounter_performer")
	span := []any{"today", w.Day(0), "earliest", w.Day(-3)}
	wrong("a request of last week", build.Row{"authored_on": in(w, -7*day)}, "authored_on", span...)
	wrong("a request of tomorrow", build.Row{"authored_on": in(w, day)}, "authored_on", span...)
	a.refused("a request before its encounter", a.ask("offline_patient", build.Row{
		"reason": nil, "encounter": build.ReferenceTo("encounter", "encounter of today"), "authored_on": in(w, -2*day),
	}), "authored_on_encounter")
	wrong("a period that has begun", build.Row{"occurrence_period": during(w, -2*day, day)}, "occurrence_start")
	wrong("a period that ends before it begins", build.Row{"occurrence_period": during(w, 2*day, day)}, "occurrence_end")
	for _, field := range []string{"reason", "supporting_info"} {
		item("an unknown condition in "+field, field, build.ReferencesTo("condition", "no condition"), field, "what", "Condition with such id")
		item("an observation that was entered in error in "+field, field,
			build.ReferencesTo("observation", "observation entered in error"), field+"_status", "what", "Observation")
	}
	wrong("an unknown performer", build.Row{"performer": build.ReferenceTo("legal_entity", "no legal entity")}, "performer")
	wrong("a performer that is closed", build.Row{"performer": build.ReferenceTo("legal_entity", "closed_clinic")}, "performer_status")
	item("a parameter of two values", "parameter", []build.Row{{
		"code": build.Row{"coding": []build.Row{{"system": "device_request_code_parameter", "code": "side"}}}, "value_string": "лівий", "value_boolean": true,
	}}, "parameter")
	wrong("another patient's method", build.Row{"inform_with": build.ID("method of newcomer")}, "inform_with")
}
