package servicerequests

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world/build"
)

// ofSpecimen has referrals that a laboratory finds by what it has received.
func ofSpecimen(w *build.World) {
	const op = "listSpecimenServiceRequests"
	for _, name := range []string{"service request for a specimen", "completed service request for a specimen"} {
		r := issue(w, name, "patient", "names a specimen of the patient", clinic(3*day)).withoutProgram().category("laboratory_procedure")
		r.d.Specimens = []medicalevents.Reference{medicalevents.To("specimen", build.ID("another specimen")), medicalevents.To("specimen", build.ID("specimen of patient"))}
		if name != "service request for a specimen" {
			r.d.CompletedWith = new(medicalevents.To("encounter", build.ID("encounter of the service")))
			r.status(servicerequests.Completed, nil, clinic(day))
		}
		r.add()
	}
	of := func(id, query string) build.Request {
		return build.Get(doctor, "/api/specimens/"+id+"/service_requests"+query)
	}
	specimen := build.ID("specimen of patient").String()
	w.Passes(op, "the referrals of a specimen", of(specimen, ""), http.StatusOK)
	w.Passes(op, "completed referrals of a specimen", of(specimen, "?status=completed&page_size=1"), http.StatusOK)
	w.Passes(op, "a specimen that no referral names", of(build.ID("nobody").String(), ""), http.StatusOK)
	w.Passes(op, "a malformed id of a specimen", of("1", ""), http.StatusOK)
	w.Refused(op, "a parameter that the list of a specimen does not have", of(specimen, "?patient_id=1"),
		fault.RefuseAt(rules.ServiceRequestSpecimenListUnknownParameter, "$.patient_id", nil))
}
