package episodes

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

func cancel(w *build.World) {
	const op, reasons = "cancelEpisode", "eHealth/cancellation_reasons"
	begin(w, "episode to be cancelled", "patient", "active, without encounters: it can be cancelled", clinic, 40*day).add()
	begin(w, "closed episode to be cancelled", "patient", "the same, closed", clinic, 40*day).close(clinic, 30*day).add()
	begin(w, "episode of a cancelled encounter", "patient", "active; its encounter was entered in error", clinic, 40*day).
		diagnose("R80", 39*day).undiagnose().add()
	begin(w, "another episode to be cancelled", "patient", "active, without encounters", clinic, 40*day).add()
	reason := func(code string) build.Row {
		return build.Row{"status_reason": build.Row{"coding": []build.Row{{"system": reasons, "code": code}}}}
	}
	read := func(token, patient, id string, changes build.Row) build.Request {
		return build.Patch(token, "/api/patients/"+patient+"/episodes/"+id+"/actions/cancel").With(build.Edit(merged(
			reason("incorrect_patient"), build.Row{"explanatory_letter": "Епізод був відмінений у зв'язку з помилкою при виборі пацієнта"}), changes))
	}
	of := func(token, patient, name string, changes build.Row) build.Request {
		return read(token, build.ID(patient).String(), build.ID(name).String(), changes)
	}
	const name = "episode to be cancelled"
	with := func(changes build.Row) build.Request { return of(doctor, "patient", name, changes) }

	w.Passes(op, "an active episode", with(nil), http.StatusAccepted)
	w.Passes(op, "a closed episode, without a letter", of(doctor, "patient", "closed episode to be cancelled", build.Row{"explanatory_letter": nil}), http.StatusAccepted)
	w.Passes(op, "an episode of a cancelled encounter", of(doctor, "patient", "episode of a cancelled encounter", nil), http.StatusAccepted)
	w.Passes(op, "a colleague of the care manager, when others may", of(colleague, "patient", "another episode to be cancelled", nil),
		http.StatusAccepted).Set("ALLOW_OTHER_LE_EMPLOYEES_TO_MANAGE_EPISODE", "true")

	w.Refused(op, "an unknown patient", of(doctor, "nobody", name, nil), fault.Refuse(rules.EpisodeCancelPerson))
	w.Refused(op, "an inactive patient", of(doctor, "inactive_patient", name, nil), fault.Refuse(rules.EpisodeCancelPersonActive))
	w.Refused(op, "an unknown episode and a body of the wrong shape", of(doctor, "patient", "no episode", build.Row{"status_reason": nil}), fault.Refuse(rules.EpisodeCancelNotFound))
	w.Refused(op, "a malformed id", read(doctor, build.ID("patient").String(), "1", nil), fault.Refuse(rules.EpisodeCancelNotFound))
	w.Refused(op, "an episode of another patient", of(doctor, "newcomer", name, nil), fault.Refuse(rules.EpisodeCancelPatient))
	w.Refused(op, "an end", with(build.Row{"period": build.Row{"end": "2018-08-03"}}),
		build.WrongShape(rules.EpisodeCancelSchema, "$.period", "schema", "schema does not allow additional properties"))
	w.Refused(op, "no status_reason", with(build.Row{"status_reason": nil}), build.MissingProperty(rules.EpisodeCancelSchema, "status_reason"))
	w.Refused(op, "an episode that was entered in error", of(doctor, "patient", "episode entered in error", nil),
		fault.Refuse(rules.EpisodeCancelStatus, "status", "entered_in_error"))
	w.Refused(op, "an episode of another legal entity", of(doctor, "patient", "episode of the other clinic", nil), fault.Refuse(rules.EpisodeCancelOwner))
	w.Refused(op, "a colleague of the care manager", of(colleague, "patient", name, nil), fault.Refuse(rules.EpisodeCancelManager))
	w.Refused(op, "a reason of no dictionary", with(reason("other")), fault.Refuse(rules.EpisodeCancelReason, "code", "other"))
	w.Refused(op, "an encounter that is in force", of(doctor, "patient", "episode of patient", nil), fault.Refuse(rules.EpisodeCancelEncounters))
}
