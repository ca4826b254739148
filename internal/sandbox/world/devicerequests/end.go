package devicerequests

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
)

// ending is Revoke or Mark in error Device Request.
type ending struct {
	w                 *build.World
	op, action        string
	to, done, reasons string // the status, and words for it
}

func revoke(w *build.World) {
	e := ending{w, "revokeDeviceRequest", "revoke", devicerequests.Revoked, "revoked", "device_request_revoke_reasons"}
	e.cases()
	patient := build.ID("patient").String()

	others := e.given("device request of a doctor", "active: the clinic's medical administrator may revoke it")
	e.passes("signed by a medical administrator", e.by("med_admin", patient, others.Add().String(), e.content(others)))
	open := e.given("device request that is not", "active: what would end it is refused")
	id := open.Add().String()
	e.refused("signed by a colleague of the author", e.by("colleague", patient, id, e.content(open)), "author")
	foreign := issue(w, "device request of the other clinic that is not to be revoked", "stranger_patient", "active, of the other clinic", otherClinic)
	e.refused("a medical administrator of another clinic", e.by("med_admin", build.ID("stranger_patient").String(), foreign.Add().String(), e.content(foreign)), "author")
	for _, status := range []string{devicerequests.Completed, devicerequests.Revoked, devicerequests.EnteredInError} {
		e.refused("a request in status "+status, e.by("doctor", patient, build.ID(ended(status)).String(), e.content(open)), "status", "status", status)
	}
}

func markInError(w *build.World) {
	e := ending{w, "markInErrorDeviceRequest", "mark_in_error", devicerequests.EnteredInError, "taken back", "device_request_mark_in_error_reasons"}
	e.cases()
	patient := build.ID("patient").String()

	second := e.given("second device request", "active")
	e.passes("signed by a colleague of the author", e.by("colleague", patient, second.Add().String(), e.content(second)))
	for _, r := range []*Request{
		e.given("completed device request", "status completed").Complete(build.ID("doctor"), hour),
		e.given("revoked device request", "status revoked").end(devicerequests.Revoked, "device_request_revoke_reasons"),
	} {
		e.passes("a request in status "+r.d.Status, e.by("doctor", patient, r.Add().String(), e.content(r)))
	}
	open := e.given("device request that is not", "active: what would end it is refused")
	id := open.Add().String()
	e.refused("a doctor of another clinic", e.by("other_doctor", patient, id, e.content(open)), "author")
	e.refused("a user whom the clinic does not employ",
		e.by("unverified_owner", patient, id, e.content(open)).Bearing(build.TokenValue("unverified_doctor")), "author")
	e.refused("a request in status entered_in_error", e.by("doctor", patient, build.ID(ended(devicerequests.EnteredInError)).String(), e.content(open)), "status",
		"status", devicerequests.EnteredInError)
}

// ended is the name of a request in a final status.
func ended(status string) string { return status + " device request without a quantity" }

func (e ending) given(name, note string) *Request {
	return issue(e.w, name+" to be "+e.done, "patient", note, clinic)
}

// content is what is signed: the request as it is read, with the reason and the status.
func (e ending) content(of *Request) build.Row {
	read := build.Reread(of.d)
	shown, _, err := read.Show(e.w.Seal)
	content := build.Content(shown, err)
	content["status"] = e.to
	content["status_reason"] = medicalevents.Concept(e.reasons, "incorrect_patient").Show()
	return content
}

func (e ending) by(user, patient, id string, content any) build.Request {
	return build.Patch(build.TokenValue(user), "/api/patients/"+patient+"/device_requests/"+id+"/actions/"+e.action).
		With(build.Row{"signed_data": e.w.Sign(content, accounts.Signer(user))})
}

func (e ending) passes(title string, request build.Request) {
	e.w.Passes(e.op, title, request, http.StatusAccepted)
}

func (e ending) refused(title string, request build.Request, rule string, args ...any) {
	e.w.Refused(e.op, title, request, fault.Refuse(rules.ID("device_request."+e.action+"."+rule), args...))
}

func (e ending) cases() {
	patient := build.ID("patient").String()
	fresh := e.given("device request", "active: its author may end it")
	e.passes("signed by the author", e.by("doctor", patient, fresh.Add().String(), e.content(fresh)))
	without := e.given("device request without what is left", "active; the content has no remaining_quantity")
	e.passes("remaining_quantity, as the details have it", e.by("doctor", patient, without.Add().String(),
		build.Changed(e.content(without), build.Row{"remaining_quantity": build.Row{"value": 10, "system": "device_unit", "code": "piece", "unit": "шт"}})))

	open := e.given("device request with wrong content that is not", "active: what would end it is refused")
	id := open.Add().String()
	of := func(change build.Row) build.Request {
		return e.by("doctor", patient, id, build.Changed(e.content(open), change))
	}
	e.w.Refused(e.op, "nothing signed", of(nil).With(build.Row{}), build.MissingProperty(rules.ID("device_request."+e.action+".schema"), "signed_data"))
	e.refused("an unknown request", e.by("doctor", patient, build.ID("no device request").String(), e.content(open)), "not_found")
	e.refused("a malformed id", e.by("doctor", patient, "1", e.content(open)), "not_found")
	e.refused("a request of another patient", e.by("doctor", build.ID("stranger_patient").String(), id, e.content(open)), "patient")
	e.refused("a malformed patient id", e.by("doctor", "1", id, e.content(open)), "patient")
	unexplained := e.content(open)
	delete(unexplained, "status_reason")
	e.refused("no reason", e.by("doctor", patient, id, unexplained), "reason_required")
	e.refused("an unknown reason", of(build.Row{"status_reason": medicalevents.Concept(e.reasons, "whim").Show()}), "reason")
	e.refused("the status as it is", of(build.Row{"status": devicerequests.Active}), "status_value")
	e.refused("another note", of(build.Row{"note": "Інша примітка"}), "content")
	e.refused("a field that is null", of(build.Row{"performer": nil}), "content")
	e.refused("an unknown field", of(build.Row{"unknown": true}), "content")
}
