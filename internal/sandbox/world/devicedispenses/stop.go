package devicedispenses

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/devicedispenses"
	"esoz/internal/sandbox/world/build"
)

func stop(w *build.World) {
	const op = "stopDeviceDispense"
	by := func(token, patient, id string) build.Request {
		return build.Patch(token, "/api/patients/"+patient+"/device_dispenses/"+id+"/actions/stop")
	}
	of := func(token, patient string, id uuid.UUID) build.Request {
		return by(token, build.ID(patient).String(), id.String())
	}

	begun := begin(w, "device dispense in progress", "patient", "in_progress, of the pharmacy: it can be stopped", own).add()
	w.Passes(op, "a dispense that was begun", of(pharmacist, "patient", begun), http.StatusAccepted)
	w.Passes(op, "a body is ignored", of(pharmacist, "patient", begun).With([]any{}), http.StatusAccepted)
	w.Refused(op, "an unknown dispense", of(pharmacist, "patient", build.ID("no device dispense")), fault.Refuse(rules.DeviceDispenseStopNotFound))
	w.Refused(op, "a malformed id", by(pharmacist, build.ID("patient").String(), "1"), fault.Refuse(rules.DeviceDispenseStopNotFound))
	w.Refused(op, "a dispense of another patient", of(pharmacist, "stranger_patient", begun), fault.Refuse(rules.DeviceDispenseStopPatient))
	w.Refused(op, "a malformed patient id", by(pharmacist, "1", begun.String()), fault.Refuse(rules.DeviceDispenseStopPatient))
	w.Refused(op, "a dispense of another pharmacy", of(otherPharmacist, "patient", begun), fault.Refuse(rules.DeviceDispenseStopOwner))

	ended := func(status string, by pharmacy) *dispense {
		return begin(w, status+" device dispense", "patient", "status "+status, by)
	}
	const anHour = time.Hour
	for _, p := range []*dispense{
		ended(devicedispenses.Preparation, own).fromRegister(),
		ended(devicedispenses.Completed, own).complete(anHour),
		ended(devicedispenses.Declined, hospital).fromPackage(devicedispenses.Declined),
		ended(devicedispenses.Stopped, own).to(devicedispenses.Stopped, build.ID("pharmacist"), 2*anHour),
		ended(devicedispenses.EnteredInError, own).markInError(anHour),
		ended(devicedispenses.Unknown, own).expire(anHour),
		ended(devicedispenses.Canceled, own).fromRegister().to(devicedispenses.Canceled, build.SystemUser, anHour),
	} {
		token := pharmacist
		if p.d.Status == devicedispenses.Declined { // pharmacies send no packages
			token = build.TokenValue("msp_pharmacist")
		}
		w.Refused(op, "a dispense in status "+p.d.Status, of(token, "patient", p.add()), fault.Refuse(rules.DeviceDispenseStopStatus, "status", p.d.Status))
	}

	w.Passes(op, "a type of legal entity that is allowed, and that is checked", of(pharmacist, "patient", begun), http.StatusAccepted).
		Set("RULES", "+device_dispense.stop.legal_entity_type", "ME_ALLOWED_TRANSACTIONS_LE_TYPES", "PRIMARY_CARE,PHARMACY")
	w.Refused(op, "a dispense of another pharmacy, told as a conflict", of(otherPharmacist, "patient", begun),
		fault.Refuse(rules.DeviceDispenseStopOwnerConflict)).Set("RULES", "+device_dispense.stop.owner_conflict")
	w.Passes(op, "a dispense of another patient, and that is not checked", of(pharmacist, "stranger_patient", begun), http.StatusAccepted).
		Set("RULES", "-device_dispense.stop.patient")
}
