package devicerequests

import (
	"net/http"

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
	planned := issue(w, "device request of a care plan", "patient", "active, of no program, by code, with a parameter", clinic).withoutProgram()
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
		inProgram("silent device program", "Реабілітаційні вироби").Add()
	for _, p := range []struct{ patient, note string }{
		{"offline_patient", "active; its patient confirms by documents"},
		{"third_person_patient", "active; another person is told for its patient"},
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
	w.Passes(op, "a patient for whom another person is told", of(doctor, "third_person_patient", "device request that informs another person"), http.StatusOK)
	w.Passes(op, "a patient who cannot be told", of(doctor, "methodless_patient", "device request of methodless_patient"), http.StatusOK)
	w.Passes(op, "a method that is not the patient's", of(doctor, "patient", "device request that names no method of its patient"), http.StatusOK)

	w.Refused(op, "an unknown patient", of(doctor, "nobody", open), fault.Refuse(rules.DeviceRequestGetPerson))
	w.Refused(op, "a malformed patient id", read(doctor, "1", build.ID(open).String()), fault.Refuse(rules.DeviceRequestGetPerson))
	w.Refused(op, "a request of another patient", of(doctor, "stranger_patient", open), fault.Refuse(rules.DeviceRequestGetPatient))
	w.Refused(op, "a request of another patient, when that is not told apart", of(doctor, "stranger_patient", open),
		fault.Refuse(rules.DeviceRequestGetNotFound)).Set("RULES", "-device_request.get.patient")
	w.Refused(op, "an unknown request", of(doctor, "patient", "no device request"), fault.Refuse(rules.DeviceRequestGetNotFound))
	w.Refused(op, "a malformed id", read(doctor, build.ID("patient").String(), "1"), fault.Refuse(rules.DeviceRequestGetNotFound))
	w.Refused(op, "neither a declaration nor an approval", of(doctor, "stranger_patient", "device request of a stranger"),
		fault.Refuse(rules.DeviceRequestGetAccess))
	w.Refused(op, "a pharmacist, who finds it by its number", of(pharmacist, "patient", open), fault.Refuse(rules.DeviceRequestGetAccess))
}
