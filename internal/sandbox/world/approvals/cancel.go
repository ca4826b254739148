package approvals

import (
	"net/http"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/approvals"
	"esoz/internal/sandbox/world/build"
)

func cancel(w *build.World) {
	const op = "cancelApproval"
	by := func(token, patient, approval string) build.Request {
		return build.Patch(token, "/api/patients/"+patient+"/approvals/"+approval+"/actions/cancel")
	}
	of := func(patient, approval string) build.Request {
		return by(doctor, build.ID(patient).String(), build.ID(approval).String())
	}
	colleague := build.TokenValue("colleague")

	const shared, asked, verified, granted, unasked = "approval for the clinic to cancel", "approval that the doctor has asked for",
		"verified approval to cancel", "verified approval for the doctor to cancel", "approval without a method to cancel"
	AddVerified(w, verified, "patient", "granted to the doctor", "doctor", approvals.To("episode_of_care", build.ID("episode of "+verified)))
	AddVerified(w, granted, "stranger_patient", "granted to the doctor, whose clinic has no declaration with the patient", "doctor",
		approvals.To("episode_of_care", build.ID("episode of "+granted)))
	add(w, unasked, "patient", "of an inpatient care plan of the own legal entity, which needs no confirmation: urgent is null", func(d *approvals.Document) {
		d.GrantedResources = []approvals.Reference{approvals.To("care_plan", build.ID("care plan of patient"))}
		d.Urgent, d.ExpiresAt = nil, d.InsertedAt.AddDate(0, 0, carePlanDays)
	})
	add(w, shared, "patient", "granted to the clinic; waits for its code",
		func(d *approvals.Document) { d.GrantedTo = approvals.To("legal_entity", build.ID("clinic")) })
	add(w, asked, "stranger_patient", "granted to a doctor of another clinic, and asked for by the doctor", func(d *approvals.Document) {
		d.GrantedTo = approvals.To("employee", build.ID("employee other_doctor"))
		created(d, w.Now.Add(-time.Hour))
	})
	w.Passes(op, "an approval for the legal entity", of("patient", shared), http.StatusAccepted)
	w.Passes(op, "an approval for the legal entity, by a colleague", by(colleague, build.ID("patient").String(), build.ID(shared).String()), http.StatusAccepted)
	w.Passes(op, "the patient's doctor cancels a verified one; a body is ignored", of("patient", verified).With([]any{}), http.StatusAccepted)
	w.Passes(op, "a doctor without a declaration cancels their own", of("stranger_patient", granted), http.StatusAccepted)
	w.Passes(op, "a doctor without a declaration cancels what they have asked for", of("stranger_patient", asked), http.StatusAccepted)
	w.Passes(op, "an approval that needed no confirmation", of("patient", unasked), http.StatusAccepted)

	w.Refused(op, "an unknown patient", of("nobody", shared), fault.Refuse(rules.ApprovalCancelPerson))
	w.Refused(op, "a malformed patient id", by(doctor, "1", build.ID(shared).String()), fault.Refuse(rules.ApprovalCancelPerson))
	w.Refused(op, "an unknown approval", of("patient", "no approval"), fault.Refuse(rules.ApprovalCancelNotFound))
	w.Refused(op, "a malformed approval id", by(doctor, build.ID("patient").String(), "1"), fault.Refuse(rules.ApprovalCancelNotFound))
	w.Refused(op, "an approval of another patient", of("patient", foreign), fault.Refuse(rules.ApprovalCancelNotFound))
	for _, state := range []string{approvals.StateCancelled, approvals.StateTerminated, approvals.StateExpired} {
		w.Refused(op, "an approval that is "+state, of("patient", state+" approval"), fault.Refuse(rules.ApprovalCancelExpired))
	}
	w.Refused(op, "a doctor without a declaration, and it is another's", of("stranger_patient", foreign), fault.Refuse(rules.ApprovalCancelAccess))
	w.Refused(op, "a colleague of the patient's doctor", by(colleague, build.ID("patient").String(), build.ID("new approval").String()),
		fault.Refuse(rules.ApprovalCancelAccess))
}
