package servicerequests

import (
	"net/http"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	document "esoz/internal/resource/approvals"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world/approvals"
	"esoz/internal/sandbox/world/build"
)

func get(w *build.World) {
	const op = "getServiceRequest"
	read := func(patient, id string) build.Request {
		return build.Get(doctor, "/api/patients/"+patient+"/service_requests/"+id)
	}
	of := func(patient, name string) build.Request {
		return read(build.ID(patient).String(), build.ID(name).String())
	}

	permits := issue(w, "service request that permits", "patient", "active, permits an episode and a report of the patient", clinic(3*day)).withoutProgram()
	permits.d.PermittedResources = []medicalevents.Reference{
		medicalevents.To("episode_of_care", build.ID("episode of patient")), medicalevents.To("diagnostic_report", build.ID("diagnostic report of patient")),
	}
	permits.add()
	issue(w, "service request of a stranger", "stranger_patient", "of a patient of the other clinic, by its doctor", otherClinic(3*day)).add()
	opened := issue(w, "service request opened by an approval", "stranger_patient", "the same, but the patient lets the clinic's doctor read it", otherClinic(3*day)).add()
	approvals.AddVerified(w, "approval of a service request", "stranger_patient", "lets the doctor read one service request", "doctor",
		document.To("service_request", opened))
	issue(w, "service request for a stranger", "stranger_patient", "of a patient of the other clinic, by the clinic's doctor", clinic(3*day)).
		use(servicerequests.ProgramInQueue, clinic(day)).add()
	issue(w, "service request of an inactive patient", "inactive_patient", "its patient's status is inactive", clinic(3*day)).
		use(servicerequests.ProgramInQueue, clinic(day)).add()

	w.Passes(op, "a doctor with a declaration", of("patient", "service request in the queue"), http.StatusOK)
	w.Passes(op, "a doctor of the clinic that has issued it", of("stranger_patient", "service request for a stranger"), http.StatusOK)
	w.Passes(op, "a doctor with an approval", of("stranger_patient", "service request opened by an approval"), http.StatusOK)
	w.Refused(op, "an unknown patient", of("nobody", "service request in the queue"), fault.Refuse(rules.ServiceRequestGetPerson))
	w.Refused(op, "a malformed patient id", read("1", build.ID("service request in the queue").String()), fault.Refuse(rules.ServiceRequestGetPerson))
	w.Refused(op, "an inactive patient", of("inactive_patient", "service request of an inactive patient"), fault.Refuse(rules.ServiceRequestGetPersonActive))
	w.Refused(op, "an unknown referral", of("patient", "no service request"), fault.Refuse(rules.ServiceRequestGetNotFound))
	w.Refused(op, "a malformed id", read(build.ID("patient").String(), "1"), fault.Refuse(rules.ServiceRequestGetNotFound))
	w.Refused(op, "a referral of another patient", of("patient", "service request for a stranger"), fault.Refuse(rules.ServiceRequestGetNotFound))
	w.Refused(op, "neither a declaration nor an approval", of("stranger_patient", "service request of a stranger"), fault.Refuse(rules.ServiceRequestGetAccess))
}

func search(w *build.World) {
	const op = "searchServiceRequests"
	by := func(query string) build.Request {
		return build.Get(otherDoctor, strings.TrimSuffix("/api/service_requests?"+query, "?"))
	}
	unknown := func(name string) *fault.Error {
		return fault.RefuseAt(rules.ServiceRequestSearchUnknownParameter, "$."+name, nil)
	}
	number := Requisition("patient")
	missing := fault.Refuse(rules.ServiceRequestSearchRequisition)

	w.Passes(op, "the number of a patient", by("requisition="+number), http.StatusOK)
	w.Passes(op, "the number without its dashes", by("requisition="+strings.ReplaceAll(number, "-", "")), http.StatusOK)
	w.Passes(op, "completed ones", by("requisition="+number+"&status="+servicerequests.Completed), http.StatusOK)
	w.Passes(op, "a number that nobody has", by("requisition=0000-0000-0000-0000"), http.StatusOK)
	w.Refused(op, "no number", by(""), missing)
	w.Refused(op, "an empty number", by("requisition="), fault.Refuse(rules.ServiceRequestSearchRequisitionEmpty))
	w.Refused(op, "a parameter that the search does not have", by("requisition="+number+"&patient_id=1"), unknown("patient_id"))
	w.Refused(op, "everything wrong at once", by("program=1&episode_id=1"), unknown("episode_id"), unknown("program"), missing)
}
