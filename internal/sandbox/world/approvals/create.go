package approvals

import (
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/persons"
)

// event is a document of a patient as far as approvals ask for it. No operation makes
// these kinds yet.
type event struct {
	ID                   uuid.UUID                      `bson:"_id"`
	PatientID            string                         `bson:"patient_id"` // hidden (decisions R13)
	Status               string                         `bson:"status,omitempty"`
	ManagingOrganization *medicalevents.Reference       `bson:"managing_organization,omitempty"`
	TermsOfService       *medicalevents.CodeableConcept `bson:"terms_of_service,omitempty"`
	InsertedAt           time.Time                      `bson:"inserted_at"`
	UpdatedAt            time.Time                      `bson:"updated_at"`
}

// document adds a document of the patient.
func document(w *build.World, collection, kind, name, note, status string, change func(e *event)) {
	at := w.Now.AddDate(0, 0, -20)
	e := event{
		ID: w.Object(kind, name, note), PatientID: w.Seal.PatientID(build.ID("patient")), Status: status, InsertedAt: at, UpdatedAt: at,
	}
	if change != nil {
		change(&e)
	}
	w.Document(collection, e)
}

// documents adds one document of each kind that can be opened, one that cannot, and care
// plans of two legal entities.
func documents(w *build.World) {
	for _, d := range []struct{ collection, kind, status string }{
		{"specimens", "specimen", "available"},
		{"compositions", "composition", "final"},
	} {
		document(w, d.collection, d.kind, d.kind+" of patient", "status "+d.status, d.status, nil)
		document(w, d.collection, d.kind, d.kind+" entered in error", "status entered_in_error", "entered_in_error", nil)
	}
	plan := func(name, note, legalEntity, terms string) {
		document(w, "care_plans", "care plan", name, note, "active", func(e *event) {
			organization := medicalevents.To("legal_entity", build.ID(legalEntity))
			concept := medicalevents.Concept("PROVIDING_CONDITION", terms)
			e.ManagingOrganization, e.TermsOfService = &organization, &concept
		})
	}
	plan("care plan of patient", "active, of the clinic, for an inpatient", "clinic", "INPATIENT")
	plan("outpatient care plan", "active, of the clinic, for an outpatient", "clinic", "OUTPATIENT")
	plan("care plan of the hospital", "active, of the hospital, for an inpatient", "hospital", "INPATIENT")
	plan("care plan of another clinic", "the same, of another clinic", "other_clinic", "INPATIENT")

	for _, g := range []struct {
		name, note string
		active     bool
	}{{"forbidden group", "active", true}, {"former forbidden group", "is_active is false", false}} {
		w.Insert("prm.forbidden_groups", w.Audited(build.Row{
			"id": w.Object("forbidden group", g.name, g.note), "name": "Психічне здоров'я", "creation_reason": "Наказ МОЗ", "is_active": g.active,
		}))
	}
	for _, g := range []struct {
		name, note string
		active     bool
	}{{"group of diagnoses", "active", true}, {"former group of diagnoses", "is_active is false", false}} {
		w.Insert("prm.diagnoses_groups", w.Audited(build.Row{
			"id": w.Object("group of diagnoses", g.name, g.note), "code": "DG-" + g.name, "name": "Цукровий діабет", "is_active": g.active,
		}))
	}
	w.Insert("prm.service_groups", w.Audited(build.Row{
		"id": w.Object("service group", "former service group", "is_active is false"), "code": "A59009", "name": "Колишня група послуг",
		"is_active": false, "request_allowed": false,
	}))
	w.Insert("prm.service_inclusions", w.Audited(build.Row{
		"id": build.ID("service in the former service group"), "service_id": build.ID("service"), "service_group_id": build.ID("former service group"),
		"is_active": true,
	}))
}

// asking makes the bodies of Create Approval.
type asking struct{ w *build.World }

// resources asks for documents, given by kind and name in turn.
func (asking) resources(names ...string) build.Row {
	var all []build.Row
	for one := range slices.Chunk(names, 2) {
		all = append(all, build.Reference(one[0], build.ID(one[1])))
	}
	return build.Row{"resources": all}
}

// one asks for what a single reference leads to.
func (asking) one(field string, name string) build.Row {
	return build.Row{"resources": nil, field: build.Reference(field, build.ID(name))}
}

func (asking) types(codes ...string) build.Row {
	var all []build.Row
	for _, code := range codes {
		all = append(all, build.Row{"coding": []build.Row{{"system": medicalevents.Resources, "code": code}}})
	}
	return build.Row{"resources": nil, "resource_types": all}
}

// body asks for the episode of the patient for the doctor, unless changes say otherwise.
func (a asking) body(changes ...build.Row) build.Row {
	body := build.Changed(a.resources("episode_of_care", "episode of patient"), build.Row{
		"granted_to": build.Reference("employee", build.ID("employee doctor")), "access_level": "read",
	})
	for _, c := range changes {
		body = build.Edit(body, c)
	}
	return body
}

var (
	writing    = build.Row{"access_level": "write"}
	toHospital = build.Row{"granted_to": build.Reference("legal_entity", build.ID("hospital"))}
)

func grantedTo(kind, name string) build.Row {
	return build.Row{"granted_to": build.Reference(kind, build.ID(name))}
}

func creating(w *build.World) {
	const op = "createApproval"
	documents(w)
	a := asking{w}
	by := func(token, patient string, changes ...build.Row) build.Request {
		return build.Post(token, "/api/patients/"+patient+"/approvals").With(a.body(changes...))
	}
	of := func(patient string, changes ...build.Row) build.Request {
		return by(doctor, build.ID(patient).String(), changes...)
	}
	with := func(changes ...build.Row) build.Request { return of("patient", changes...) }

	createPasses(w, a, of)
	w.Refused(op, "an unknown patient", of("nobody"), fault.Refuse(rules.ApprovalCreatePerson))
	w.Refused(op, "a malformed patient id and a body of the wrong shape", by(doctor, "1", build.Row{"access_level": nil}), fault.Refuse(rules.ApprovalCreatePerson))
	w.Refused(op, "an inactive patient", of("inactive_patient"), fault.Refuse(rules.ApprovalCreatePersonActive))

	wrong := func(entry, rule, description string) *fault.Error {
		return build.WrongShape(rules.ApprovalCreateSchema, entry, rule, description)
	}
	w.Refused(op, "an unknown field", with(build.Row{"expires_at": "2027-01-01"}),
		wrong("$.expires_at", "schema", "schema does not allow additional properties"))
	for _, field := range []string{"granted_to", "access_level"} {
		w.Refused(op, "no "+field, with(build.Row{field: nil}), build.MissingProperty(rules.ApprovalCreateSchema, field))
	}
	w.Refused(op, "an unknown access level", with(build.Row{"access_level": "own"}), wrong("$.access_level", "inclusion", "value is not allowed in enum"))
	w.Refused(op, "a document of an unknown kind", with(a.resources("observation", "observation of patient")),
		wrong("$.resources[0].identifier.type.coding[0].code", "inclusion", "value is not allowed in enum"))
	w.Refused(op, "granted to a division", with(grantedTo("division", "division of the clinic")),
		wrong("$.granted_to.identifier.type.coding[0].code", "inclusion", "value is not allowed in enum"))

	two := build.Row{"patient": build.Reference("patient", build.ID("patient"))}
	closed := a.resources("episode_of_care", "closed episode") // another one than elsewhere, so that no case that asks for something else is mixed with this
	w.Refused(op, "two ways of asking", with(closed, two), fault.Refuse(rules.ApprovalCreateOneOf, "field", "resources"),
		fault.Refuse(rules.ApprovalCreateOneOf, "field", "patient"))
	w.Refused(op, "nothing is asked for", with(build.Row{"resources": nil}), fault.Refuse(rules.ApprovalCreateOneOfNone))
	w.Refused(op, "a medical event alone", with(a.one("patient", "patient"), build.Row{"child_resource": build.Reference("condition", build.ID("condition of patient"))}),
		fault.Refuse(rules.ApprovalCreateChildAlone))

	createParties(w, a, with)
	createReferrals(w, a, with)
	createDocuments(w, a, with)
	createOthers(w, a, with)
	createMethods(w, a, of)
}

// createPasses are what can be asked for.
func createPasses(w *build.World, a asking, of func(patient string, changes ...build.Row) build.Request) {
	const op = "createApproval"
	passes := func(title string, request build.Request) *build.Case {
		return w.Passes(op, title, request, http.StatusAccepted)
	}
	with := func(changes ...build.Row) build.Request { return of("patient", changes...) }

	passes("an episode", with(build.Row{"authorize_with": build.ID("method of patient")}))
	passes("an episode, by the default method", with())
	passes("a closed episode and a diagnostic report", with(a.resources("episode_of_care", "closed episode", "diagnostic_report", "diagnostic report of patient")))
	for _, kind := range []string{"diagnostic_report", "encounter", "procedure", "specimen", "composition"} {
		name := map[string]string{"diagnostic_report": "diagnostic report"}[kind]
		if name == "" {
			name = kind
		}
		passes("a "+name+" that is to be cancelled", with(a.resources(kind, name+" of patient"), writing))
	}
	passes("a care plan of the own legal entity for an inpatient: nothing confirms it", with(a.resources("care_plan", "care plan of patient"), writing))
	passes("a care plan of the own legal entity for an outpatient", with(a.resources("care_plan", "outpatient care plan"), writing))
	passes("a care plan of another legal entity", with(a.resources("care_plan", "care plan of the hospital")))
	passes("a medical event of an episode", with(build.Row{"child_resource": build.Reference("condition", build.ID("condition of patient"))}))
	passes("what a service request permits", with(a.one("service_request", "service request that permits")))
	passes("a forbidden group", with(a.one("forbidden_group", "forbidden group")))
	passes("a group of diagnoses", with(a.one("diagnoses_group", "group of diagnoses")))
	passes("a group of services", with(a.one("service_group", "service group")))
	passes("all data of the patient, for a legal entity", with(a.one("patient", "patient"), grantedTo("legal_entity", "clinic")))
	passes("all data of the patient, for another legal entity", with(a.one("patient", "patient"), toHospital))
	passes("a composition", with(a.one("composition", "composition of patient")))
	passes("whole types", with(a.types("device", "detected_issue")))
	passes("for a colleague, by the doctor", with(grantedTo("employee", "employee colleague"), build.Row{"created_by": build.Reference("employee", build.ID("employee doctor"))}))

	devices := a.types("device")
	passes("documents confirm it", of("offline_patient", devices))
	passes("a third person confirms it", of("third_person_patient", devices))
	passes("a third person confirms it by documents", of("third_person_offline_patient", devices))
	passes("nobody confirms for a preperson", of("preperson", devices))
	passes("an approved confidant confirms it, and that is checked", of("confided_patient", devices, build.Row{"authorize_with": build.ID("method of confided_patient")})).
		Set("THIRD_PERSON_CONFIDANT_PERSON_RELATIONSHIP_CHECK", "true")
	passes("a code was sent a moment ago, and there is no limit", of("busy_patient", devices))
}

// createParties are those whom nothing can be granted to.
func createParties(w *build.World, a asking, with func(changes ...build.Row) build.Request) {
	const op = "createApproval"
	unknown := fault.Refuse(rules.ApprovalCreateGrantedTo)
	w.Refused(op, "granted to an unknown employee", with(grantedTo("employee", "no employee")), unknown)
	w.Refused(op, "granted to a malformed id", with(build.Row{"granted_to": build.Reference("employee", "1")}), unknown)
	w.Refused(op, "granted to an owner", with(grantedTo("employee", "employee owner")), fault.Refuse(rules.ApprovalCreateGrantedToType))
	w.Refused(op, "granted to who is dismissed", with(grantedTo("employee", "employee dismissed")), fault.Refuse(rules.ApprovalCreateGrantedToStatus))
	w.Refused(op, "granted to an employee of another legal entity", with(grantedTo("employee", "employee other_doctor")),
		fault.Refuse(rules.ApprovalCreateGrantedToOrganization, "id", build.ID("employee other_doctor")))
	mine := []string{"RULES", "+approval.create.granted_to_user"}
	w.Passes(op, "granted to the user, and that is checked", with(), http.StatusAccepted).Set(mine...)
	w.Refused(op, "granted to a colleague, and that is checked", with(grantedTo("employee", "employee colleague")),
		fault.Refuse(rules.ApprovalCreateGrantedToUser)).Set(mine...)
	all := a.one("patient", "patient")
	w.Refused(op, "granted to an unknown legal entity", with(all, grantedTo("legal_entity", "no legal entity")), fault.Refuse(rules.ApprovalCreateGrantedToExists))
	w.Refused(op, "granted to a closed legal entity", with(all, grantedTo("legal_entity", "closed_clinic")), fault.Refuse(rules.ApprovalCreateGrantedToActive))
	w.Refused(op, "an unknown author", with(build.Row{"created_by": build.Reference("employee", build.ID("no employee"))}), fault.Refuse(rules.ApprovalCreateCreatedBy))
	w.Refused(op, "an author of another legal entity", with(build.Row{"created_by": build.Reference("employee", build.ID("employee other_doctor"))}),
		fault.Refuse(rules.ApprovalCreateCreatedByOrganization, "id", build.ID("employee other_doctor")))
	w.Refused(op, "an episode for a legal entity", with(a.resources("episode_of_care", "closed episode"), grantedTo("legal_entity", "clinic")), fault.Refuse(rules.ApprovalCreateGrantedToKind))
}

// createReferrals are service requests that open nothing.
func createReferrals(w *build.World, a asking, with func(changes ...build.Row) build.Request) {
	for _, c := range []struct {
		title, name string
		rule        rules.ID
	}{
		{"an unknown service request", "no service request", rules.ApprovalCreateServiceRequest},
		{"a service request of another patient", "service request of a stranger", rules.ApprovalCreateServiceRequest},
		{"a service request that is completed", "completed service request", rules.ApprovalCreateServiceRequestStatus},
		{"a service request that has expired", "expired service request to be used", rules.ApprovalCreateServiceRequestExpired},
		{"a service request that permits nothing", "service request without a program", rules.ApprovalCreateServiceRequestResources},
	} {
		w.Refused("createApproval", c.title, with(a.one("service_request", c.name)), fault.Refuse(c.rule))
	}
}

// createDocuments are documents that cannot be opened.
func createDocuments(w *build.World, a asking, with func(changes ...build.Row) build.Request) {
	const op = "createApproval"
	at := func(rule rules.ID, i int) *fault.Error { return fault.RefuseItem(rule, i, nil) }
	missing := fault.Refuse(rules.ApprovalCreateResource)
	w.Refused(op, "an unknown episode alone", with(a.resources("episode_of_care", "no episode")), missing)
	w.Refused(op, "a malformed id alone", with(build.Row{"resources": []build.Row{build.Reference("episode_of_care", "1")}}), missing)
	w.Refused(op, "an episode of another patient", with(a.resources("episode_of_care", "episode of stranger_patient")), missing)
	w.Refused(op, "an unknown composition", with(a.one("composition", "no composition")), missing)
	w.Refused(op, "an unknown episode beside a known one", with(a.resources("episode_of_care", "episode of patient", "episode_of_care", "no episode")),
		at(rules.ApprovalCreateEpisode, 1))
	w.Refused(op, "an episode that was entered in error", with(a.resources("episode_of_care", "episode entered in error")),
		at(rules.ApprovalCreateEpisodeStatus, 0))
	for _, c := range []struct {
		kind, name      string
		exists, instate rules.ID
	}{
		{"diagnostic_report", "diagnostic report", rules.ApprovalCreateDiagnosticReport, rules.ApprovalCreateDiagnosticReportStatus},
		{"encounter", "encounter", rules.ApprovalCreateEncounter, rules.ApprovalCreateEncounterStatus},
		{"procedure", "procedure", rules.ApprovalCreateProcedure, rules.ApprovalCreateProcedureStatus},
		{"specimen", "specimen", rules.ApprovalCreateSpecimen, rules.ApprovalCreateSpecimenStatus},
		{"composition", "composition", rules.ApprovalCreateComposition, rules.ApprovalCreateCompositionStatus},
	} {
		w.Refused(op, "an unknown "+c.name+" beside a known episode",
			with(a.resources("episode_of_care", "episode of patient", c.kind, "no "+c.name)), at(c.exists, 1))
		w.Refused(op, c.name+" that was entered in error", with(a.resources(c.kind, c.name+" entered in error"), writing), at(c.instate, 0))
	}
	w.Refused(op, "an unknown care plan, when nothing has to be found", with(a.resources("care_plan", "no care plan")), at(rules.ApprovalCreateCarePlan, 0)).
		Set("RULES", "-approval.create.resource")
	w.Refused(op, "a care plan and an episode", with(a.resources("episode_of_care", "episode of patient", "care_plan", "care plan of patient")),
		fault.Refuse(rules.ApprovalCreateCarePlanAlone))
	w.Refused(op, "a care plan of another legal entity that is to be written", with(a.resources("care_plan", "care plan of another clinic"), writing),
		at(rules.ApprovalCreateCarePlanOrganization, 0))
	w.Refused(op, "everything wrong at once",
		with(a.resources("episode_of_care", "episode entered in error", "encounter", "encounter entered in error", "care_plan", "no care plan")),
		at(rules.ApprovalCreateEpisodeStatus, 0), at(rules.ApprovalCreateCarePlan, 2), fault.Refuse(rules.ApprovalCreateCarePlanAlone), at(rules.ApprovalCreateEncounterStatus, 1))
}

// createOthers are what else cannot be opened, and levels that do not fit.
func createOthers(w *build.World, a asking, with func(changes ...build.Row) build.Request) {
	const op = "createApproval"
	for _, c := range []struct {
		field, name string
		rule        rules.ID
	}{
		{"forbidden_group", "forbidden group", rules.ApprovalCreateForbiddenGroup},
		{"diagnoses_group", "group of diagnoses", rules.ApprovalCreateDiagnosesGroup},
		{"service_group", "service group", rules.ApprovalCreateServiceGroup},
	} {
		w.Refused(op, "an unknown "+c.name, with(a.one(c.field, "no "+c.name)), fault.Refuse(c.rule))
		w.Refused(op, "a former "+c.name, with(a.one(c.field, "former "+c.name)), fault.Refuse(c.rule))
	}
	w.Refused(op, "another patient's data", with(a.one("patient", "stranger_patient")), fault.Refuse(rules.ApprovalCreatePatient))
	w.Refused(op, "an unknown medical event", with(a.resources("episode_of_care", "closed episode"), build.Row{"child_resource": build.Reference("condition", build.ID("no condition"))}),
		fault.Refuse(rules.ApprovalCreateChildResource, "kind", "Condition"))
	w.Refused(op, "an episode that is to be written", with(a.resources("episode_of_care", "episode to be updated"), writing), fault.Refuse(rules.ApprovalCreateAccessLevel, "types", `"episode_of_care"`, "level", "write"))
	w.Refused(op, "an encounter and a procedure that are to be read", with(a.resources("encounter", "encounter of patient", "procedure", "procedure of patient")),
		fault.Refuse(rules.ApprovalCreateAccessLevel, "types", `"encounter", "procedure"`, "level", "read"))
	w.Refused(op, "types that are to be written", with(a.types("device", "device"), writing),
		fault.Refuse(rules.ApprovalCreateAccessLevel, "types", `"device"`, "level", "write"))
	w.Refused(op, "a patient whose data is to be written", with(a.one("patient", "patient"), writing),
		fault.Refuse(rules.ApprovalCreateAccessLevel, "types", `"patient"`, "level", "write"))
}

// createMethods are patients who cannot confirm.
func createMethods(w *build.World, a asking, of func(patient string, changes ...build.Row) build.Request) {
	const op, checked = "createApproval", "THIRD_PERSON_CONFIDANT_PERSON_RELATIONSHIP_CHECK"
	devices := a.types("device")
	by := func(patient, method string) build.Request {
		return of(patient, devices, build.Row{"authorize_with": build.ID(method)})
	}
	unusable := fault.Refuse(rules.ApprovalCreateAuthorizeWith)
	w.Refused(op, "by an unknown method", by("patient", "no method"), unusable)
	w.Refused(op, "by a method of another patient", by("patient", "method of stranger_patient"), unusable)
	w.Refused(op, "by an ended method", by("patient", "ended method"), unusable)
	w.Refused(op, "by a third person who is no approved confidant, and that is checked", by("third_person_patient", "method of third_person_patient"),
		fault.Refuse(rules.ApprovalCreateAuthorizeWithConfidant)).Set(checked, "true")
	w.Refused(op, "a patient without an authentication method", of("methodless_patient", devices), fault.Refuse(rules.ApprovalCreateMethod))
	w.Refused(op, "by an ended method, when that is not checked", by("patient", "ended method"), fault.Refuse(rules.ApprovalCreateMethod)).
		Set("RULES", "-approval.create.authorize_with")

	// No write leaves this state: no method with such a number is approved.
	short := w.Object("authentication method", "method with a wrong phone", "an OTP method of closed_patient, whose number the OTP service does not take")
	persons.Method(w, "closed_patient", build.Row{"id": short, "type": medicalevents.MethodOTP, "phone_number": "+3805011100"})
	w.Refused(op, "a phone that the OTP service does not take", of("closed_patient", devices), fault.Refuse(rules.ApprovalCreateOTP))

	again := of("busy_patient", devices)
	w.Refused(op, "a code was sent a moment ago, and there is a limit", again, fault.Refuse(rules.ApprovalCreateRate)).Set("INIT_VERIFICATION_LIMIT", "86400")
	w.Refused(op, "the phone has got all codes of the hour", again, fault.Refuse(rules.ApprovalCreatePhoneLimit)).Set("OTP_PHONE_LIMIT", "1")
	w.Refused(op, "the legal entity has had all codes of the day sent",
		build.Post(otherDoctor, "/api/patients/"+build.ID("patient").String()+"/approvals").With(a.body(devices, grantedTo("employee", "employee other_doctor"))),
		fault.Refuse(rules.ApprovalCreateLegalEntityLimit)).Set("OTP_LEGAL_ENTITY_DAILY_LIMIT", "1")
}
