package servicerequests

import (
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world/build"
)

func release(w *build.World) {
	const op, inQueue = "releaseServiceRequest", servicerequests.ProgramInQueue
	by := func(token, id string) build.Request {
		return build.Patch(token, "/api/service_requests/"+id+"/actions/release")
	}
	of := func(id uuid.UUID) build.Request { return by(doctor, id.String()) }

	queued := issue(w, "service request in the queue", "patient", "active, in_queue, reserved for the clinic: it can be released", clinic(3*day)).
		use(inQueue, clinic(day)).add()
	foreign := issue(w, "service request in the queue of another clinic", "patient", "active, in_queue, reserved for the other clinic", clinic(3*day)).
		use(inQueue, otherClinic(day)).add()
	overdue := issue(w, "expired service request in the queue", "patient", "its expiration_date has passed, which Release does not look at", clinic(year+2*day)).
		use(inQueue, clinic(year-day)).add()
	w.Passes(op, "the own reservation", of(queued), http.StatusAccepted)
	w.Passes(op, "a body is ignored", of(queued).With([]any{}), http.StatusAccepted)
	w.Passes(op, "the reservation of another clinic", of(foreign), http.StatusAccepted)
	w.Passes(op, "an expired referral", of(overdue), http.StatusAccepted)
	w.Refused(op, "an unknown referral", of(build.ID("no service request")), fault.Refuse(rules.ServiceRequestReleaseNotFound))
	w.Refused(op, "a malformed id", by(doctor, "1"), fault.Refuse(rules.ServiceRequestReleaseNotFound))

	// A referral that is completed is so in its program, too. Recall and Cancel do not look there.
	for _, r := range []*referral{
		issue(w, "completed service request", "patient", "status completed, in its program, too", clinic(3*day)).
			use(servicerequests.ProgramInProgress, clinic(day)).complete(clinic(hour)),
		issue(w, "recalled service request", "patient", "status recalled, although still in_queue", clinic(3*day)).
			use(inQueue, clinic(day)).end(servicerequests.Recalled, "eHealth/service_request_recall_reasons", clinic(hour)),
		issue(w, "entered_in_error service request", "patient", "status entered_in_error, although still in_queue", clinic(3*day)).
			use(inQueue, clinic(day)).end(servicerequests.EnteredInError, "eHealth/service_request_cancel_reasons", clinic(hour)),
	} {
		w.Refused(op, "a referral in status "+r.d.Status, of(r.add()), fault.Refuse(rules.ServiceRequestReleaseStatus))
	}
	for _, c := range []struct {
		title string
		*referral
	}{
		{"a referral that is new in its program", issue(w, "service request new in its program", "patient",
			"active, new in its program: it was released an hour ago", clinic(3*day)).use(inQueue, clinic(day)).release(clinic(hour))},
		{"a referral that is in_progress in its program", issue(w, "service request in_progress in its program", "patient",
			"active, program_processing_status in_progress", clinic(3*day)).use(servicerequests.ProgramInProgress, clinic(day))},
		{"a referral without a program", issue(w, "service request without a program", "patient", "active, no program", clinic(3*day)).withoutProgram()},
	} {
		w.Refused(op, c.title, of(c.add()), fault.Refuse(rules.ServiceRequestReleaseProgramStatus))
	}
	owned := []string{"RULES", "+service_request.release.owner"}
	w.Refused(op, "the reservation of another clinic, when only the own may be released", of(foreign),
		fault.Refuse(rules.ServiceRequestReleaseOwner)).Set(owned...)
	w.Passes(op, "the own reservation, when only the own may be released", of(queued), http.StatusAccepted).Set(owned...)
}
