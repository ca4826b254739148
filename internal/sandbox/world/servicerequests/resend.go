package servicerequests

import (
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world/build"
)

func resend(w *build.World) {
	const op = "resendServiceRequestSms"
	by := func(patient, id string) build.Request {
		return build.Patch(doctor, "/api/patients/"+patient+"/service_requests/"+id+"/actions/resend")
	}
	of := func(patient string, id uuid.UUID) build.Request { return by(build.ID(patient).String(), id.String()) }

	told := issue(w, "service request to be told of", "patient", "active, new: its number can be sent again", clinic(3*day)).add()
	w.Passes(op, "the default method of the patient", of("patient", told), http.StatusAccepted)
	w.Passes(op, "a referral without a program", of("patient", build.ID("service request without a program")), http.StatusAccepted)
	third := issue(w, "service request to tell a third person of", "third_person_patient", "its patient confirms by a third person", clinic(3*day)).add()
	w.Passes(op, "the phone of a third person", of("third_person_patient", third), http.StatusAccepted)
	named := issue(w, "service request with a method", "patient", "inform_with names the method of the patient", clinic(3*day))
	named.d.InformWith = &servicerequests.InformWith{AuthMethodID: new(build.ID("method of patient"))}
	w.Passes(op, "the method of inform_with", of("patient", named.add()), http.StatusAccepted)

	w.Refused(op, "an unknown patient", of("nobody", told), fault.Refuse(rules.ServiceRequestResendPerson))
	w.Refused(op, "an unknown referral", of("patient", build.ID("no service request")), fault.Refuse(rules.ServiceRequestResendNotFound))
	w.Refused(op, "a malformed id", by(build.ID("patient").String(), "1"), fault.Refuse(rules.ServiceRequestResendNotFound))
	w.Refused(op, "another patient's referral", of("offline_patient", told), fault.Refuse(rules.ServiceRequestResendPatient))
	w.Refused(op, "a completed referral", of("patient", build.ID("completed service request")),
		fault.Refuse(rules.ServiceRequestResendStatus, "status", "completed", "program_processing_status", "completed"))
	w.Refused(op, "a recalled referral of no program", of("offline_patient", build.ID("recalled service request without a program")),
		fault.Refuse(rules.ServiceRequestResendStatus, "status", "recalled", "program_processing_status", "null"))
	papers := issue(w, "service request of a patient without a phone", "offline_patient", "its patient gets no SMS", clinic(3*day)).add()
	w.Refused(op, "a patient who confirms by documents", of("offline_patient", papers), fault.Refuse(rules.ServiceRequestResendMethod))
	former := issue(w, "service request with a former method", "patient", "inform_with names a method that is not there any more", clinic(3*day))
	former.d.InformWith = &servicerequests.InformWith{AuthMethodID: new(build.ID("no method"))}
	w.Refused(op, "a method that is not there any more", of("patient", former.add()), fault.Refuse(rules.ServiceRequestResendMethod))
}
