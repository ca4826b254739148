package devicedispenses

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

func contexts(w *build.World) {
	const op, known = "getDeviceDispenseContext", "device dispense with both episodes"
	dispensed := begin(w, known, "patient", "in_progress, of an episode, by a request of another one", own)
	dispensed.d.OriginEpisodeID = new(build.ID("episode of the care plan"))
	dispensed.add()
	read := func(token, patient, id string) build.Request {
		return build.Get(token, "/api/patients/"+patient+"/device_dispenses/"+id+"/context")
	}
	of := func(token, patient, name string) build.Request {
		return read(token, build.ID(patient).String(), build.ID(name).String())
	}
	w.Passes(op, "a dispense with both episodes", of(doctor, "patient", known), http.StatusOK)
	w.Passes(op, "a dispense with neither episode", of(doctor, "patient", "declined device dispense"), http.StatusOK)
	w.Passes(op, "a doctor who may not read the dispense", of(doctor, "stranger_patient", "device dispense of another pharmacy"), http.StatusOK)
	person, missing := fault.Refuse(rules.DeviceDispenseContextPerson), fault.Refuse(rules.DeviceDispenseContextNotFound)
	w.Refused(op, "an unknown patient", of(doctor, "nobody", known), person)
	w.Refused(op, "a malformed patient id", read(doctor, "1", build.ID(known).String()), person)
	w.Refused(op, "an unknown dispense", of(doctor, "patient", "no device dispense"), missing)
	w.Refused(op, "a malformed id", read(doctor, build.ID("patient").String(), "1"), missing)
	w.Refused(op, "a dispense of another patient", of(doctor, "stranger_patient", known), missing)
}
