package devicedispenses

import (
	"net/http"
	"strings"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/devicedispenses"
	stored "esoz/internal/resource/devicerequests"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/devicerequests"
	"esoz/internal/sandbox/world/servicerequests"
)

func complete(w *build.World) {
	const op = "completeDeviceDispense"
	patient := build.ID("patient").String()
	content := func(of *dispense) build.Row {
		read := build.Reread(of.d)
		content := build.Content(read.Show(w.Seal))
		return build.Changed(content, build.Row{
			"status": devicedispenses.Completed, "when_handed_over": w.Now.Add(-time.Minute).Format(time.RFC3339), "payment_amount": 61.5, "payment_id": "1239804",
		})
	}
	by := func(user, patient, id string, content any) build.Request {
		return build.Patch(build.TokenValue(user), "/api/patients/"+patient+"/device_dispenses/"+id+"/actions/complete").
			With(build.Row{"signed_data": w.Sign(content, accounts.Signer(user))})
	}
	given := func(name, note string, change func(r *devicerequests.Request)) *dispense {
		p := begin(w, "device dispense "+name, "patient", note, own)
		p.request = change
		p.add()
		return p
	}
	refused := func(title string, request build.Request, rule rules.ID, args ...any) {
		w.Refused(op, title, request, fault.Refuse(rule, args...))
	}
	passes := func(title string, p *dispense, content build.Row) {
		w.Passes(op, title, by("pharmacist", patient, p.d.ID.String(), content), http.StatusAccepted)
	}

	handed := given("to be handed over", "in_progress: its author can complete it, which completes its request", nil)
	passes("signed by its author", handed, content(handed))
	part := begin(w, "device dispense of a part", "patient", "in_progress, of half of what is prescribed: its request stays active", own)
	part.d.Details[0].Quantity.Value = 5
	part.add()
	passes("a part of the quantity", part, content(part))
	lean := given("to be handed over, signed without what may be left out", "in_progress", nil)
	short := content(lean)
	for _, field := range []string{"primary_source", "payment_id", "updated_at", "updated_by"} {
		delete(short, field)
	}
	passes("only what must be signed", lean, short)
	carrying := given("of an activity", "in_progress; its request carries out a scheduled activity", func(r *devicerequests.Request) {
		r.With(func(d *stored.Document) { d.BasedOn = servicerequests.Plan{}.Add(w, "to be carried out by a dispense") })
	})
	passes("an activity of a care plan", carrying, content(carrying))

	open := given("that is not to be handed over", "in_progress: what would complete it is refused", nil)
	id := open.d.ID.String()
	of := func(change build.Row) build.Request {
		return by("pharmacist", patient, id, build.Edit(content(open), change))
	}
	w.Refused(op, "nothing signed", of(nil).With(build.Row{}), build.MissingProperty(rules.DeviceDispenseCompleteSchema, "signed_data"))
	signedBy := func(user string) build.Request { return by(user, patient, id, content(open)) }
	refused("a client without a legal entity", signedBy("owner").Bearing(build.TokenValue("stranger")), rules.DeviceDispenseCompleteLegalEntity)
	refused("a suspended legal entity", signedBy("pharmacist").Bearing(build.TokenValue("suspended_pharmacist")), rules.DeviceDispenseCompleteLegalEntityStatus)
	refused("a closed legal entity", signedBy("pharmacist").Bearing(build.TokenValue("closed_pharmacist")), rules.DeviceDispenseCompleteLegalEntityStatus)
	refused("an unknown dispense", by("pharmacist", patient, build.ID("no device dispense").String(), content(open)), rules.DeviceDispenseCompleteNotFound)
	refused("a malformed id", by("pharmacist", patient, "1", content(open)), rules.DeviceDispenseCompleteNotFound)
	refused("a dispense of another patient", by("pharmacist", build.ID("stranger_patient").String(), id, content(open)), rules.DeviceDispenseCompletePatient)
	refused("a malformed patient id", by("pharmacist", "1", id, content(open)), rules.DeviceDispenseCompletePatient)
	refused("a dispense of another pharmacy", by("other_pharmacist", patient, id, content(open)), rules.DeviceDispenseCompleteOwner)
	refused("no payment", of(build.Row{"payment_amount": nil}), rules.DeviceDispenseCompletePaymentAmount)
	refused("a payment that is no number", of(build.Row{"payment_amount": "61.5"}), rules.DeviceDispenseCompletePaymentAmount)
	refused("a receipt that is too long", of(build.Row{"payment_id": strings.Repeat("1", 256)}), rules.DeviceDispenseCompletePaymentID)
	refused("no moment", of(build.Row{"when_handed_over": nil}), rules.DeviceDispenseCompleteWhenHandedOver)
	refused("a moment before the prescription", of(build.Row{"when_handed_over": w.Now.AddDate(0, -1, 0).Format(time.RFC3339)}), rules.DeviceDispenseCompleteWhenHandedOver)
	refused("a moment after dispense_valid_to", of(build.Row{"when_handed_over": w.Now.AddDate(0, 2, 0).Format(time.RFC3339)}), rules.DeviceDispenseCompleteWhenHandedOver)

	against := func(title, name, note string, rule rules.ID, change func(r *devicerequests.Request)) {
		p := given(name, note, change)
		refused(title, by("pharmacist", patient, p.d.ID.String(), content(p)), rule)
	}
	against("a dispense of a revoked request", "of a revoked request", "in_progress; its request is revoked", rules.DeviceDispenseCompleteRequest,
		func(r *devicerequests.Request) { r.Revoke() })
	planned := func(what string, plan servicerequests.Plan) func(r *devicerequests.Request) {
		return func(r *devicerequests.Request) {
			r.With(func(d *stored.Document) { d.BasedOn = plan.Add(w, "of a dispense, "+what) })
		}
	}
	against("an activity that was cancelled", "of a cancelled activity", "in_progress; its activity is cancelled", rules.DeviceDispenseCompleteActivity,
		planned("cancelled", servicerequests.Plan{Activity: "cancelled"}))
	against("an activity of a completed care plan", "of a completed care plan", "in_progress; its care plan is completed", rules.DeviceDispenseCompleteCarePlan,
		planned("of a completed care plan", servicerequests.Plan{Status: "completed"}))
	against("an activity of a care plan that has ended", "of a care plan that has ended", "in_progress; its care plan has ended",
		rules.DeviceDispenseCompleteCarePlanEnd, planned("of a care plan that has ended", servicerequests.Plan{Ended: true}))
	foreign := begin(w, "device dispense of a colleague", "patient", "in_progress, of the pharmacy, by its owner", own)
	foreign.d.InsertedBy, foreign.d.UpdatedBy = build.ID("pharmacy_owner"), build.ID("pharmacy_owner")
	foreign.add()
	refused("a dispense of a colleague", by("pharmacist", patient, foreign.d.ID.String(), content(foreign)), rules.DeviceDispenseCompleteAuthor)
	stopped := begin(w, "device dispense that is stopped, not handed over", "patient", "status stopped", own).to(devicedispenses.Stopped, build.ID("pharmacist"), time.Hour)
	stopped.add()
	refused("a stopped dispense", by("pharmacist", patient, stopped.d.ID.String(), content(stopped)), rules.DeviceDispenseCompleteStatus, "status", devicedispenses.Stopped)
	refused("the status as it is", of(build.Row{"status": devicedispenses.InProgress}), rules.DeviceDispenseCompleteStatusValue)
	refused("another note", of(build.Row{"note": "Інша примітка"}), rules.DeviceDispenseCompleteContent)
	refused("an unknown field", of(build.Row{"unknown": true}), rules.DeviceDispenseCompleteContent)
	refused("another source", of(build.Row{"primary_source": false}), rules.DeviceDispenseCompleteContent)
}
