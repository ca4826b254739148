package servicerequests

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	document "esoz/internal/resource/approvals"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/approvals"
	"esoz/internal/sandbox/world/build"
)

// withdrawal is Recall or Cancel Service Request.
type withdrawal struct {
	w            *build.World
	op, family   string
	action, done string // recall, recalled
}

func recall(w *build.World) {
	r := withdrawal{w, "recallServiceRequest", "service_request.recall", "recall", "recalled"}
	approvals.AddWriting(w, "approval to change the care plan of referrals", "patient", "lets the colleague change a care plan", "colleague",
		document.To("care_plan", build.ID("care plan of patient")))
	r.cases()

	approvals.AddWriting(w, "approval of the doctor to change the care plan", "patient", "lets the clinic's doctor change a care plan", "doctor",
		document.To("care_plan", build.ID("care plan of patient")))
	foreign := issue(w, "service request of the other clinic by a care plan", "patient", "of the other clinic, by a care plan that the doctor may change",
		otherClinic(3*day))
	foreign.d.BasedOn = []medicalevents.Reference{medicalevents.To("care_plan", build.ID("care plan of patient"))}
	foreign.add()
	r.refused("a referral of another clinic, by its care plan", r.of(foreign, nil), "author")
	w.Passes(r.op, "a referral of another clinic, by its care plan, when the author may be anybody", r.of(foreign, nil), http.StatusAccepted).
		Set("RULES", "-service_request.recall.author")
}

func cancel(w *build.World) {
	withdrawal{w, "cancelServiceRequest", "service_request.cancel", "cancel", "canceled"}.cases()
}

// content is what the author signs: the referral as it is read, with the reason.
func (r withdrawal) content(of *referral) build.Row {
	read := build.Reread(of.d)
	shown, _, err := read.Show(r.w.Seal)
	content := build.Content(shown, err)
	content["status_reason"] = medicalevents.Concept("eHealth/service_request_"+r.action+"_reasons", "default").Show()
	content["explanatory_letter"] = "Призначення змінено"
	r.w.Confide("Призначення змінено")
	return content
}

func (r withdrawal) by(token, user, patient, id string, content any) build.Request {
	return build.Patch(token, "/api/patients/"+patient+"/service_requests/"+id+"/actions/"+r.action).
		With(build.Row{"signed_data": r.w.Sign(content, accounts.Signer(user))})
}

// of is signed by the clinic's doctor.
func (r withdrawal) of(of *referral, change build.Row) build.Request {
	return r.by(doctor, "doctor", build.ID("patient").String(), of.d.ID.String(), build.Changed(r.content(of), change))
}

func (r withdrawal) refused(title string, request build.Request, rule string, args ...any) *build.Case {
	return r.w.Refused(r.op, title, request, fault.Refuse(rules.ID(r.family+"."+rule), args...))
}

func (r withdrawal) cases() {
	w, to := r.w, " to be "+r.done
	given := func(name, note string) *referral { return issue(w, name+to, "patient", note, clinic(3*day)) }
	seeded := func(one *referral) *referral {
		one.add()
		return one
	}
	passes := func(title string, request build.Request) { w.Passes(r.op, title, request, http.StatusAccepted) }
	patient := build.ID("patient").String()

	fresh := seeded(given("service request", "active: its author may withdraw it"))
	passes("signed by the author", r.of(fresh, nil))
	bare := seeded(given("service request without a letter", "active"))
	unexplained := r.content(bare)
	delete(unexplained, "explanatory_letter")
	passes("no explanatory_letter", r.by(doctor, "doctor", patient, bare.d.ID.String(), unexplained))
	passes("a referral in work", r.of(seeded(given("service request in work", "active, in_progress").use(servicerequests.ProgramInProgress, otherClinic(day))), nil))
	planned := given("service request by a care plan", "active, by a care plan that the colleague may change")
	planned.d.BasedOn = []medicalevents.Reference{medicalevents.To("care_plan", build.ID("care plan of patient"))}
	planned.add()
	colleague := build.TokenValue("colleague")
	passes("signed by who may change the care plan", r.by(colleague, "colleague", patient, planned.d.ID.String(), r.content(planned)))
	carrying := given("service request for an activity", "active, for an activity of a care plan, of which it takes a part")
	carrying.d.BasedOn = Plan{}.Add(w, "of a referral"+to)
	passes("an activity of a care plan", r.of(seeded(carrying), nil))
	addressed := given("service request with a performer", "active, addressed to the other clinic: the patient gets no SMS")
	addressed.d.Performer = new(otherClinic(0).organization())
	passes("a referral that names its performer", r.of(seeded(addressed), nil))

	open := seeded(given("service request that is not", "active: what would end it is refused"))
	r.refused("an unknown patient", r.by(doctor, "doctor", build.ID("nobody").String(), open.d.ID.String(), r.content(open)), "person")
	r.refused("an inactive patient", r.by(doctor, "doctor", build.ID("inactive_patient").String(), open.d.ID.String(), r.content(open)), "person_active")
	w.Refused(r.op, "nothing signed", r.of(open, nil).With(build.Row{}), build.MissingProperty(rules.ID(r.family+".schema"), "signed_data"))
	for _, who := range []struct{ title, token, rule string }{
		{"a client without a legal entity", "stranger", "legal_entity"},
		{"a type of legal entity that is not allowed", "nhs", "legal_entity_type"},
		{"a suspended legal entity", "suspended_doctor", "legal_entity_status"},
		{"a legal entity that NHS has not verified", "unlisted_doctor", "legal_entity_verified"},
	} {
		r.refused(who.title, r.of(open, nil).Bearing(build.TokenValue(who.token)), who.rule)
	}
	r.refused("signed by a colleague", r.by(colleague, "colleague", patient, open.d.ID.String(), r.content(open)), "requester")
	r.refused("content without a requester", r.of(open, build.Row{"requester_employee": nil}), "requester")
	r.refused("an unknown referral", r.by(doctor, "doctor", patient, build.ID("no service request").String(), r.content(open)), "not_found")
	r.refused("a malformed id", r.by(doctor, "doctor", patient, "1", r.content(open)), "not_found")
	r.refused("another patient's referral", r.by(doctor, "doctor", build.ID("offline_patient").String(), open.d.ID.String(), r.content(open)), "patient")
	for _, status := range []string{"completed", "recalled", "entered_in_error"} {
		id := build.ID(status + " service request")
		r.refused("a referral in status "+status, r.by(doctor, "doctor", patient, id.String(), r.content(open)), "status", "status", status)
	}
	without := r.content(open)
	delete(without, "status_reason")
	r.refused("no reason", r.by(doctor, "doctor", patient, open.d.ID.String(), without), "reason_required")
	r.refused("an unknown reason", r.of(open, build.Row{"status_reason": medicalevents.Concept("eHealth/service_request_"+r.action+"_reasons", "whim").Show()}), "reason")
	r.refused("another note", r.of(open, build.Row{"note": "Інша примітка"}), "content")
	r.refused("a field that is null", r.of(open, build.Row{"quantity": nil}), "content")
	r.refused("an unknown field", r.of(open, build.Row{"unknown": true}), "content")
	stays := []string{"RULES", "-" + r.family + ".content"}
	both := build.Row{"occurrence_period": build.Row{"start": "2026-01-01T00:00:00.000Z"}}
	r.refused("a moment and a period", r.of(open, both), "occurrence").Set(stays...)
}
