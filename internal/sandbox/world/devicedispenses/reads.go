package devicedispenses

import (
	"net/http"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	document "esoz/internal/resource/approvals"
	"esoz/internal/sandbox/world/approvals"
	"esoz/internal/sandbox/world/build"
)

func get(w *build.World) {
	const op = "getDeviceDispense"
	read := func(token, patient, id string) build.Request {
		return build.Get(token, "/api/patients/"+patient+"/device_dispenses/"+id)
	}
	of := func(token, patient, name string) build.Request {
		return read(token, build.ID(patient).String(), build.ID(name).String())
	}

	begin(w, "device dispense of another pharmacy", "stranger_patient", "in_progress, of the other pharmacy, to a patient of the other clinic", strangers).add()
	opened := begin(w, "device dispense opened by an approval", "stranger_patient", "the same, but the patient lets the clinic's doctor read it", strangers).add()
	approvals.AddVerified(w, "approval of a device dispense", "stranger_patient", "lets the doctor read one device dispense", "doctor",
		document.To("device_dispense", opened))
	begin(w, "device dispense of an inactive patient", "inactive_patient", "its patient's status is inactive", own).add()

	w.Passes(op, "a pharmacist of the pharmacy that has made it", of(pharmacist, "patient", "device dispense in progress"), http.StatusOK)
	w.Passes(op, "a doctor with a declaration", of(doctor, "patient", "device dispense in progress"), http.StatusOK)
	w.Passes(op, "a doctor with an approval", of(doctor, "stranger_patient", "device dispense opened by an approval"), http.StatusOK)
	w.Passes(op, "an inactive patient", of(pharmacist, "inactive_patient", "device dispense of an inactive patient"), http.StatusOK)
	w.Refused(op, "an unknown patient", of(pharmacist, "nobody", "device dispense in progress"), fault.Refuse(rules.DeviceDispenseGetPerson))
	w.Refused(op, "a malformed patient id", read(pharmacist, "1", build.ID("device dispense in progress").String()), fault.Refuse(rules.DeviceDispenseGetPerson))
	w.Refused(op, "an inactive patient, and that is checked", of(pharmacist, "inactive_patient", "device dispense of an inactive patient"),
		fault.Refuse(rules.DeviceDispenseGetPersonActive)).Set("RULES", "+device_dispense.get.person_active")
	w.Refused(op, "an unknown dispense", of(pharmacist, "patient", "no device dispense"), fault.Refuse(rules.DeviceDispenseGetNotFound))
	w.Refused(op, "a malformed id", read(pharmacist, build.ID("patient").String(), "1"), fault.Refuse(rules.DeviceDispenseGetNotFound))
	w.Refused(op, "a dispense of another patient", of(pharmacist, "stranger_patient", "device dispense in progress"), fault.Refuse(rules.DeviceDispenseGetNotFound))
	w.Refused(op, "a doctor with a declaration, when only the pharmacy may read it", of(doctor, "patient", "device dispense in progress"),
		fault.Refuse(rules.DeviceDispenseGetOwner)).Set("RULES", "+device_dispense.get.owner")
	w.Refused(op, "neither a declaration nor an approval", of(doctor, "stranger_patient", "device dispense of another pharmacy"),
		fault.Refuse(rules.DeviceDispenseGetAccess))
}

func list(w *build.World) {
	const op = "listDeviceDispenses"
	by := func(token, patient, query string) build.Request {
		return build.Get(token, strings.TrimSuffix("/api/patients/"+build.ID(patient).String()+"/device_dispenses?"+query, "?"))
	}
	w.Passes(op, "a doctor with a declaration", by(doctor, "patient", ""), http.StatusOK)
	w.Passes(op, "what the own pharmacy has dispensed", by(pharmacist, "patient", "performer_legal_entity="+build.ID("pharmacy").String()), http.StatusOK)
	w.Passes(op, "filters", by(doctor, "patient", "status=in_progress&inserted_at_from=2020-01-01T00:00:00Z&device="+build.ID("device definition").String()), http.StatusOK)

	wrongFilters(w, op, func(query string) build.Request { return by(doctor, "patient", query) }, filterRules{
		rules.DeviceDispenseListUnknownParameter, rules.DeviceDispenseListIDFilter, rules.DeviceDispenseListDateTimeFilter,
		rules.DeviceDispenseListDateTimeExists, rules.DeviceDispenseListStatus,
	})
	w.Refused(op, "an unknown patient", by(doctor, "nobody", ""), fault.Refuse(rules.DeviceDispenseListPerson))
	w.Refused(op, "an inactive patient, and that is checked", by(doctor, "inactive_patient", ""), fault.Refuse(rules.DeviceDispenseListPersonActive)).
		Set("RULES", "+device_dispense.list.person_active")
	w.Refused(op, "a pharmacist who does not ask for the own dispenses alone", by(pharmacist, "patient", ""), fault.Refuse(rules.DeviceDispenseListAccess))
	w.Refused(op, "another pharmacy's dispenses", by(pharmacist, "patient", "performer_legal_entity="+build.ID("other_pharmacy").String()),
		fault.Refuse(rules.DeviceDispenseListAccess))
}

// filterRules refuse filters.
type filterRules struct{ unknown, id, moment, exists, status rules.ID }

// wrongFilters are those of the lists of device dispenses.
func wrongFilters(w *build.World, op string, by func(query string) build.Request, refuse filterRules) {
	for _, name := range []string{
		"based_on", "performer_legal_entity", "location", "performer", "part_of", "encounter",
		"context_episode_id", "origin_episode_id", "device", "program",
	} {
		w.Refused(op, name+" that is no uuid", by(name+"=1"), fault.Refuse(refuse.id, "parameter", name))
	}
	for _, name := range []string{"when_handed_over_from", "when_handed_over_to", "inserted_at_from", "inserted_at_to"} {
		w.Refused(op, name+" that is no date and time", by(name+"=2023-08-02"), fault.Refuse(refuse.moment, "parameter", name, "actual", "2023-08-02"))
		w.Refused(op, name+" that does not exist", by(name+"=2023-02-30T10:45:16.000Z"),
			fault.Refuse(refuse.exists, "parameter", name, "actual", "2023-02-30T10:45:16.000Z"))
	}
	unknown := fault.RefuseAt(refuse.unknown, "$.requester", nil)
	w.Refused(op, "an unknown status", by("status=IN_PROGRESS"), fault.Refuse(refuse.status))
	w.Refused(op, "a parameter that the list does not have", by("requester=1"), unknown)
	w.Refused(op, "everything wrong at once", by("requester=1&status=new&location=1"),
		unknown, fault.Refuse(refuse.id, "parameter", "location"), fault.Refuse(refuse.status))
}

func search(w *build.World) {
	const op = "searchDeviceDispenses"
	by := func(query string) build.Request {
		return build.Get(pharmacist, strings.TrimSuffix("/api/device_dispenses?"+query, "?"))
	}
	w.Passes(op, "all of the own pharmacy", by(""), http.StatusOK)
	w.Passes(op, "filters of the own", by("status=in_progress&device="+build.ID("device definition").String()), http.StatusOK)
	w.Passes(op, "another pharmacy's dispenses, none of which is found", by("performer_legal_entity="+build.ID("other_pharmacy").String()), http.StatusOK)
	wrongFilters(w, op, by, filterRules{
		rules.DeviceDispenseSearchUnknownParameter, rules.DeviceDispenseSearchIDFilter, rules.DeviceDispenseSearchDateTimeFilter,
		rules.DeviceDispenseSearchDateTimeExists, rules.DeviceDispenseSearchStatus,
	})
}
