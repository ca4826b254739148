package devicerequests

import (
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/sandbox/world/build"
)

func complete(w *build.World) {
	const op = "completeDeviceRequest"
	by := func(token, patient, id string) build.Request {
		return build.Patch(token, "/api/patients/"+patient+"/device_requests/"+id+"/actions/complete")
	}
	of := func(token, patient string, id uuid.UUID) build.Request {
		return by(token, build.ID(patient).String(), id.String())
	}
	open := func(name, note string) uuid.UUID {
		return issue(w, name, "patient", note, clinic).withoutQuantity().Add()
	}

	request := open("device request without a quantity", "active, of no program: it can be completed")
	w.Passes(op, "a request without a quantity", of(doctor, "patient", request), http.StatusAccepted)
	w.Passes(op, "a body is ignored", of(doctor, "patient", open("second device request without a quantity", "the same")).With([]any{}), http.StatusAccepted)
	w.Passes(op, "a doctor of another clinic", of(otherDoctor, "patient", open("third device request without a quantity", "the same")), http.StatusAccepted)
	w.Passes(op, "a pharmacist, where pharmacies may", of(pharmacist, "patient", open("device request for a pharmacy", "the same")), http.StatusAccepted).
		Set("ME_ALLOWED_TRANSACTIONS_LE_TYPES", "PRIMARY_CARE,PHARMACY")

	w.Refused(op, "an unknown request", of(doctor, "patient", build.ID("no device request")), fault.Refuse(rules.DeviceRequestCompleteNotFound))
	w.Refused(op, "a malformed id", by(doctor, build.ID("patient").String(), "1"), fault.Refuse(rules.DeviceRequestCompleteNotFound))
	w.Refused(op, "a request of another patient", of(doctor, "stranger_patient", request), fault.Refuse(rules.DeviceRequestCompletePatient))
	w.Refused(op, "a malformed patient id", by(doctor, "1", request.String()), fault.Refuse(rules.DeviceRequestCompletePatient))
	w.Refused(op, "a request with a quantity", of(doctor, "patient", build.ID("device request to be dispensed")), fault.Refuse(rules.DeviceRequestCompleteQuantity))
	w.Refused(op, "a completed request with a quantity", of(doctor, "patient", build.ID("device request of completed device dispense")),
		fault.Refuse(rules.DeviceRequestCompleteQuantity))
	for _, r := range []*Request{
		issue(w, "completed device request without a quantity", "patient", "status completed", clinic).withoutQuantity().Complete(build.ID("doctor"), hour),
		issue(w, "revoked device request without a quantity", "patient", "status revoked", clinic).withoutQuantity().
			end(devicerequests.Revoked, "device_request_revoke_reasons"),
		issue(w, "entered_in_error device request without a quantity", "patient", "status entered_in_error", clinic).withoutQuantity().
			end(devicerequests.EnteredInError, "device_request_mark_in_error_reasons"),
	} {
		w.Refused(op, "a request in status "+r.d.Status, of(doctor, "patient", r.Add()), fault.Refuse(rules.DeviceRequestCompleteStatus, "status", r.d.Status))
	}
}
