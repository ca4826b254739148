package approvals

import (
	"net/http"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/approvals"
	"esoz/internal/sandbox/world/build"
)

// Approvals that a patient of the other clinic has given.
const (
	foreign = "verified approval for another doctor"
	own     = "verified approval for the doctor"

	toClinic = "approval for the clinic"
)

func list(w *build.World) {
	const op = "listApprovals"
	episode := approvals.To("episode_of_care", build.ID("episode of stranger_patient"))
	AddVerified(w, foreign, "stranger_patient", "granted to a doctor of another clinic", "other_doctor", episode)
	AddVerified(w, "approval of personal data", "stranger_patient", "granted to the doctor, for the person's own data", "doctor",
		approvals.To("person", build.ID("stranger_patient")))
	AddVerified(w, own, "stranger_patient", "granted to the doctor, whose clinic has no declaration with the patient", "doctor", episode)

	colleague := build.TokenValue("colleague")
	add(w, toClinic, "patient", "granted to the clinic, that is to all who work there",
		func(d *approvals.Document) { d.GrantedTo = approvals.To("legal_entity", build.ID("clinic")) })

	of := func(token, patient, query string) build.Request {
		return build.Get(token, strings.TrimSuffix("/api/patients/"+build.ID(patient).String()+"/approvals?"+query, "?"))
	}
	w.Passes(op, "the patient's doctor sees all", of(doctor, "patient", ""), http.StatusOK)
	w.Passes(op, "filters", of(doctor, "patient", "is_verified=true&is_expired=false&access_level=read&granted_resource_type=episode_of_care"), http.StatusOK)
	w.Passes(op, "a doctor without a declaration sees their own", of(doctor, "stranger_patient", ""), http.StatusOK)
	w.Passes(op, "a colleague of the patient's doctor sees what is granted to the legal entity", of(colleague, "patient", ""), http.StatusOK)
	w.Passes(op, "nothing to be seen is an empty list", of(build.TokenValue("hospital_doctor"), "stranger_patient", ""), http.StatusOK)
	for _, parameter := range []string{"granted_to", "granted_resources", "reason"} {
		w.Refused(op, parameter+" that is no uuid", of(doctor, "patient", parameter+"=1"), fault.Refuse(rules.ApprovalListIDFilter, "parameter", parameter))
	}
	for _, parameter := range []string{"is_verified", "is_expired"} {
		w.Refused(op, parameter+" that is neither true nor false", of(doctor, "patient", parameter+"=yes"),
			fault.Refuse(rules.ApprovalListBooleanFilter, "parameter", parameter))
	}
	w.Refused(op, "an unknown access level", of(doctor, "patient", "access_level=own"), fault.Refuse(rules.ApprovalListAccessLevel))
	w.Refused(op, "everything wrong at once", of(doctor, "patient", "reason=1&is_expired=1&access_level=own"),
		fault.Refuse(rules.ApprovalListIDFilter, "parameter", "reason"),
		fault.Refuse(rules.ApprovalListBooleanFilter, "parameter", "is_expired"), fault.Refuse(rules.ApprovalListAccessLevel))
	w.Refused(op, "an unknown patient", of(doctor, "nobody", ""), fault.Refuse(rules.ApprovalListPerson))
}

func get(w *build.World) {
	const op = "getApproval"
	by := func(token, patient, approval string) build.Request {
		return build.Get(token, "/api/patients/"+build.ID(patient).String()+"/approvals/"+build.ID(approval).String())
	}
	of := func(patient, approval string) build.Request { return by(doctor, patient, approval) }
	colleague := build.TokenValue("colleague")
	w.Passes(op, "the patient's doctor", of("patient", "new approval"), http.StatusOK)
	w.Passes(op, "a doctor whom it is granted to", of("stranger_patient", own), http.StatusOK)
	w.Passes(op, "an approval that needed no confirmation", of("patient", "approval without a method"), http.StatusOK)
	w.Passes(op, "not to be seen: data is an empty list", of("stranger_patient", foreign), http.StatusOK)
	w.Passes(op, "a colleague of the patient's doctor: data is an empty list", by(colleague, "patient", "new approval"), http.StatusOK)
	w.Passes(op, "a colleague, and it is granted to their legal entity", by(colleague, "patient", toClinic), http.StatusOK)
	w.Refused(op, "an unknown patient", of("nobody", foreign), fault.Refuse(rules.ApprovalGetPerson))
	w.Refused(op, "an unknown approval", of("patient", "no approval"), fault.Refuse(rules.ApprovalGetNotFound))
	w.Refused(op, "an approval of another patient", of("patient", foreign), fault.Refuse(rules.ApprovalGetNotFound))
}
