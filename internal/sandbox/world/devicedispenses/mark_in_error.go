package devicedispenses

import (
	"net/http"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/devicedispenses"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
)

func markInError(w *build.World) {
	const op, reasons = "markInErrorDeviceDispense", "device_dispense_mark_in_error_reasons"
	patient := build.ID("patient").String()
	content := func(of *dispense) build.Row {
		read := build.Reread(of.d)
		content := build.Content(read.Show(w.Seal))
		content["status"], content["status_reason"] = devicedispenses.EnteredInError, medicalevents.Concept(reasons, "incorrect_patient").Show()
		return content
	}
	by := func(user, patient, id string, content any) build.Request {
		return build.Patch(build.TokenValue(user), "/api/patients/"+patient+"/device_dispenses/"+id+"/actions/mark_in_error").
			With(build.Row{"signed_data": w.Sign(content, accounts.Signer(user))})
	}
	given := func(name, note string, by pharmacy) *dispense {
		return begin(w, name+" to be taken back", "patient", note, by)
	}
	refused := func(title string, request build.Request, rule rules.ID, args ...any) *build.Case {
		return w.Refused(op, title, request, fault.Refuse(rule, args...))
	}

	fresh := given("device dispense", "in_progress: its pharmacy may take it back", own)
	w.Passes(op, "signed by the pharmacist", by("pharmacist", patient, fresh.add().String(), content(fresh)), http.StatusAccepted)
	for _, p := range []*dispense{
		given("device dispense in preparation", "status preparation", own).fromRegister(),
		given("declined device dispense", "status declined", hospital).fromPackage(devicedispenses.Declined),
		given("stopped device dispense", "status stopped", own).to(devicedispenses.Stopped, build.ID("pharmacist"), time.Hour),
		given("device dispense of unknown outcome", "status unknown", own).expire(time.Hour),
		given("canceled device dispense", "status canceled", own).fromRegister().to(devicedispenses.Canceled, build.SystemUser, time.Hour),
	} {
		user := "pharmacist"
		if p.d.Status == devicedispenses.Declined { // pharmacies send no packages
			user = "msp_pharmacist"
		}
		w.Passes(op, "a dispense in status "+p.d.Status, by(user, patient, p.add().String(), content(p)), http.StatusAccepted)
	}
	allowed := given("device dispense of an allowed type", "in_progress", own)
	w.Passes(op, "a type of legal entity that is allowed, and that is checked", by("pharmacist", patient, allowed.add().String(), content(allowed)), http.StatusAccepted).
		Set("RULES", "+device_dispense.mark_in_error.legal_entity_type", "ME_ALLOWED_TRANSACTIONS_LE_TYPES", "PRIMARY_CARE,PHARMACY")

	open := given("device dispense that is not", "in_progress: what would take it back is refused", own)
	id := open.add().String()
	of := func(change build.Row) build.Request {
		return by("pharmacist", patient, id, build.Changed(content(open), change))
	}
	w.Refused(op, "nothing signed", of(nil).With(build.Row{}), build.MissingProperty(rules.DeviceDispenseMarkInErrorSchema, "signed_data"))
	refused("an unknown dispense", by("pharmacist", patient, build.ID("no device dispense").String(), content(open)), rules.DeviceDispenseMarkInErrorNotFound)
	refused("a malformed id", by("pharmacist", patient, "1", content(open)), rules.DeviceDispenseMarkInErrorNotFound)
	refused("a dispense of another patient", by("pharmacist", build.ID("stranger_patient").String(), id, content(open)), rules.DeviceDispenseMarkInErrorPatient)
	refused("a malformed patient id", by("pharmacist", "1", id, content(open)), rules.DeviceDispenseMarkInErrorPatient)
	refused("a dispense of another pharmacy", by("other_pharmacist", patient, id, content(open)), rules.DeviceDispenseMarkInErrorOwner)
	refused("a user whom the pharmacy does not employ", by("doctor", patient, id, content(open)).Bearing(build.TokenValue("unemployed_pharmacist")),
		rules.DeviceDispenseMarkInErrorEmployee)
	for _, status := range []string{devicedispenses.Completed, devicedispenses.EnteredInError} {
		refused("a dispense in status "+status, by("pharmacist", patient, build.ID(status+" device dispense").String(), content(open)),
			rules.DeviceDispenseMarkInErrorStatus, "status", status)
	}
	refused("the status as it is", of(build.Row{"status": devicedispenses.InProgress}), rules.DeviceDispenseMarkInErrorStatusValue)
	unexplained := content(open)
	delete(unexplained, "status_reason")
	refused("no reason", by("pharmacist", patient, id, unexplained), rules.DeviceDispenseMarkInErrorReasonRequired)
	refused("an unknown reason", of(build.Row{"status_reason": medicalevents.Concept(reasons, "whim").Show()}), rules.DeviceDispenseMarkInErrorReason)
	refused("another note", of(build.Row{"note": "Інша примітка"}), rules.DeviceDispenseMarkInErrorContent)
	refused("an unknown field", of(build.Row{"unknown": true}), rules.DeviceDispenseMarkInErrorContent)
}
