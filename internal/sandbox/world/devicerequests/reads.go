package devicerequests

import (
	"net/http"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world/build"
)

func get(w *build.World) {
	const op = "getDeviceRequest"
	read := func(token, patient, id string) build.Request {
		return build.Get(token, "/api/patients/"+patient+"/device_requests/"+id)
	}
	of := func(token, patient, name string) build.Request {
		return read(token, build.ID(patient).String(), build.ID(name).String())
	}

	const open = "device request to be dispensed"
	issue(w, open, "patient", "active, in the medical program of devices", clinic).Add()
	planned := issue(w, "device request of a care plan", "patient", "active, of no program, by code, with a parameter", clinic).WithoutProgram()
	planned.d.CodeReference, planned.d.Code = nil, new(medicalevents.Concept("device_definition_classification_type", "30221"))
	planned.d.BasedOn = []medicalevents.Reference{
		medicalevents.To("care_plan", build.ID("care plan of patient")), medicalevents.To("activity", build.ID("activity of the care plan")),
	}
	planned.d.Parameter = []devicerequests.Parameter{{
		Code: medicalevents.Concept("device_request_code_parameter", "size"), ValueString: new("середній"),
	}}
	planned.d.Performer = new(named("legal_entity", "other_clinic", "Амбулаторія «Калина»"))
	planned.Add()
	issue(w, "revoked device request", "patient", "status revoked", clinic).end(devicerequests.Revoked, "device_request_revoke_reasons").Add()
	issue(w, "entered_in_error device request", "patient", "status entered_in_error", clinic).
		end(devicerequests.EnteredInError, "device_request_mark_in_error_reasons").Add()
	issue(w, "device request without SMS", "patient", "active, in a program that sends its patients no SMS", clinic).
		InProgram("silent device program", "Реабілітаційні вироби").Add()
	for _, p := range []struct{ patient, note string }{
		{"offline_patient", "active; its patient confirms by documents"},
		{"third_person_patient", "active; a third person gets the SMS for its patient"},
		{"methodless_patient", "active; its patient cannot be told"},
		{"former_patient", "active, of the clinic; its patient lets the hospital's doctor read all data"},
	} {
		issue(w, "device request of "+p.patient, p.patient, p.note, clinic).Add()
	}
	informed := issue(w, "device request that informs another person", "third_person_patient", "active; it names the method of its patient", clinic)
	informed.d.InformWith = new(build.ID("method of third_person_patient"))
	informed.Add()
	ended := issue(w, "device request that names no method of its patient", "patient", "active; it names a method of another person", clinic)
	ended.d.InformWith = new(build.ID("method of offline_patient"))
	ended.Add()
	issue(w, "device request for a stranger", "stranger_patient", "of a patient of the other clinic, by the clinic's doctor", clinic).Add()
	issue(w, "device request of a stranger", "stranger_patient", "of a patient of the other clinic, by its doctor", otherClinic).Add()

	w.Passes(op, "a doctor with a declaration", of(doctor, "patient", open), http.StatusOK)
	w.Passes(op, "a doctor of the clinic that has written it", of(doctor, "stranger_patient", "device request for a stranger"), http.StatusOK)
	w.Passes(op, "a doctor with an approval of all data", of(hospitalDoctor, "former_patient", "device request of former_patient"), http.StatusOK)
	w.Passes(op, "a request of a care plan", of(doctor, "patient", "device request of a care plan"), http.StatusOK)
	w.Passes(op, "a request that was dispensed", of(doctor, "patient", "device request of completed device dispense"), http.StatusOK)
	w.Passes(op, "a request that was revoked", of(doctor, "patient", "revoked device request"), http.StatusOK)
	w.Passes(op, "a request that was entered in error", of(doctor, "patient", "entered_in_error device request"), http.StatusOK)
	w.Passes(op, "a program that sends no SMS", of(doctor, "patient", "device request without SMS"), http.StatusOK)
	w.Passes(op, "a patient who confirms by documents", of(doctor, "offline_patient", "device request of offline_patient"), http.StatusOK)
	w.Passes(op, "a patient whose third person gets the SMS", of(doctor, "third_person_patient", "device request that informs another person"), http.StatusOK)
	w.Passes(op, "a patient who cannot be told", of(doctor, "methodless_patient", "device request of methodless_patient"), http.StatusOK)
	w.Passes(op, "a method that is not the patient's", of(doctor, "patient", "device request that names no method of its patient"), http.StatusOK)

	w.Refused(op, "an unknown patient", of(doctor, "nobody", open), fault.Refuse(rules.DeviceRequestGetPerson))
	w.Refused(op, "a malformed patient id", read(doctor, "1", build.ID(open).String()), fault.Refuse(rules.DeviceRequestGetPerson))
	w.Refused(op, "a request of another patient", of(doctor, "stranger_patient", open), fault.Refuse(rules.DeviceRequestGetPatient))
	w.Refused(op, "an unknown request", of(doctor, "patient", "no device request"), fault.Refuse(rules.DeviceRequestGetNotFound))
	w.Refused(op, "a malformed id", read(doctor, build.ID("patient").String(), "1"), fault.Refuse(rules.DeviceRequestGetNotFound))
	w.Refused(op, "neither a declaration nor an approval", of(doctor, "stranger_patient", "device request of a stranger"),
		fault.Refuse(rules.DeviceRequestGetAccess))
	w.Refused(op, "a pharmacist, who finds it by its number", of(pharmacist, "patient", open), fault.Refuse(rules.DeviceRequestGetAccess))
}

func list(w *build.World) {
	const op = "listDeviceRequests"
	by := func(token, patient, query string) build.Request {
		return build.Get(token, strings.TrimSuffix("/api/patients/"+build.ID(patient).String()+"/device_requests?"+query, "?"))
	}
	is := func(field, name string) string { return field + "=" + build.ID(name).String() }
	w.Passes(op, "all filters", by(doctor, "patient", strings.Join([]string{
		"status=active", "code=30221", "priority=routine", is("requester_legal_entity", "clinic"), is("requester", "employee doctor"),
		is("encounter", "encounter of patient"), is("context_episode_id", "episode of patient"), is("performer", "other_clinic"),
		is("context_care_plan_id", "care plan of patient"), is("based_on", "activity of the care plan"),
		"authored_on_from=2020-01-01T00:00:00Z", "occurrence_period_start_from=2020-01-01T00:00:00Z", "occurrence_period_end_from=2020-01-01T00:00:00Z",
		"authored_on_to=2099-01-01T00:00:00Z", "occurrence_period_start_to=2099-01-01T00:00:00Z", "occurrence_period_end_to=2099-01-01T00:00:00Z",
	}, "&")), http.StatusOK)
	w.Passes(op, "a doctor with a declaration", by(doctor, "patient", ""), http.StatusOK)
	w.Passes(op, "requests in a program, by definition", by(doctor, "patient", is("program", "device program")+"&"+is("code_reference", "device definition")),
		http.StatusOK)
	w.Passes(op, "what the own clinic has written", by(doctor, "stranger_patient", is("requester_legal_entity", "clinic")), http.StatusOK)
	w.Passes(op, "a doctor with an approval of all data", by(hospitalDoctor, "former_patient", ""), http.StatusOK)

	query := func(query string) build.Request { return by(doctor, "patient", query) }
	for _, name := range []string{
		"code_reference", "requester_legal_entity", "requester", "encounter", "program", "context_episode_id", "context_care_plan_id", "based_on", "performer",
	} {
		w.Refused(op, name+" that is no uuid", query(name+"=1"), fault.Refuse(rules.DeviceRequestListIDFilter, "parameter", name))
	}
	for _, name := range []string{"authored_on", "occurrence_period_start", "occurrence_period_end"} {
		for _, name := range []string{name + "_from", name + "_to"} {
			w.Refused(op, name+" that is no date and time", query(name+"=2023-08-02"),
				fault.Refuse(rules.DeviceRequestListDateTimeFilter, "parameter", name, "actual", "2023-08-02"))
			w.Refused(op, name+" that does not exist", query(name+"=2023-02-30T10:45:16.000Z"),
				fault.Refuse(rules.DeviceRequestListDateTimeExists, "parameter", name, "actual", "2023-02-30T10:45:16.000Z"))
		}
	}
	unknown := fault.RefuseAt(rules.DeviceRequestListUnknownParameter, "$.location", nil)
	w.Refused(op, "an unknown status", query("status=ACTIVE"), fault.Refuse(rules.DeviceRequestListStatus))
	w.Refused(op, "a parameter that the list does not have", query("location=1"), unknown)
	w.Refused(op, "everything wrong at once", query("location=1&status=new&requester=1"),
		unknown, fault.Refuse(rules.DeviceRequestListIDFilter, "parameter", "requester"), fault.Refuse(rules.DeviceRequestListStatus))
	w.Refused(op, "an unknown patient", by(doctor, "nobody", ""), fault.Refuse(rules.DeviceRequestListPerson))
	w.Refused(op, "a doctor without a declaration who does not ask for the own requests alone", by(doctor, "stranger_patient", ""),
		fault.Refuse(rules.DeviceRequestListAccess))
	w.Refused(op, "another clinic's requests", by(doctor, "stranger_patient", is("requester_legal_entity", "other_clinic")),
		fault.Refuse(rules.DeviceRequestListAccess))
}

func search(w *build.World) {
	const op = "searchDeviceRequests"
	by := func(query string) build.Request {
		return build.Get(pharmacist, strings.TrimSuffix("/api/device_requests?"+query, "?"))
	}
	unknown := func(name string) *fault.Error {
		return fault.RefuseAt(rules.DeviceRequestSearchUnknownParameter, "$."+name, nil)
	}
	number, missing := Requisition("device request to be dispensed"), fault.Refuse(rules.DeviceRequestSearchRequisition)
	w.Passes(op, "the number of a request", by("requisition="+number), http.StatusOK)
	w.Passes(op, "the number without its dashes", by("requisition="+strings.ReplaceAll(number, "-", "")), http.StatusOK)
	w.Passes(op, "a request that was revoked", by("requisition="+Requisition("revoked device request")), http.StatusOK)
	w.Passes(op, "a number that nobody has", by("requisition=0000-0000-0000-0000"), http.StatusOK)
	w.Refused(op, "no number", by(""), missing)
	w.Refused(op, "an empty number", by("requisition="), fault.Refuse(rules.DeviceRequestSearchRequisitionEmpty))
	w.Refused(op, "a parameter that the search does not have", by("requisition="+number+"&status=active"), unknown("status"))
	w.Refused(op, "everything wrong at once", by("program=1&status=1"), unknown("program"), unknown("status"), missing)
}

func contexts(w *build.World) {
	const op = "getDeviceRequestContext"
	read := func(token, patient, id string) build.Request {
		return build.Get(token, "/api/patients/"+patient+"/device_requests/"+id+"/context")
	}
	of := func(token, patient, name string) build.Request {
		return read(token, build.ID(patient).String(), build.ID(name).String())
	}
	const open = "device request to be dispensed"
	w.Passes(op, "a request of a care plan", of(doctor, "patient", "device request of a care plan"), http.StatusOK)
	w.Passes(op, "a doctor who may not read the request", of(otherDoctor, "patient", open), http.StatusOK)
	person, missing := fault.Refuse(rules.DeviceRequestContextPerson), fault.Refuse(rules.DeviceRequestContextNotFound)
	w.Refused(op, "an unknown patient", of(doctor, "nobody", open), person)
	w.Refused(op, "a malformed patient id", read(doctor, "1", build.ID(open).String()), person)
	w.Refused(op, "an unknown request", of(doctor, "patient", "no device request"), missing)
	w.Refused(op, "a malformed id", read(doctor, build.ID("patient").String(), "1"), missing)
	w.Refused(op, "a request of another patient", of(doctor, "stranger_patient", open), missing)
}
