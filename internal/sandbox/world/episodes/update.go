package episodes

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

func update(w *build.World) {
	const op = "updateEpisode"
	begin(w, "episode to be updated", "patient", "active, of the clinic: it can be updated", clinic, 40*day).add()
	begin(w, "second episode to be updated", "patient", "the same", clinic, 40*day).diagnose("R80", 39*day).add()
	begin(w, "third episode to be updated", "patient", "the same", clinic, 40*day).add()
	begin(w, "episode of the suspended clinic", "patient", "active, of a suspended legal entity", suspendedClinic, 40*day).add()
	manager := func(user string) build.Row {
		return build.Row{"care_manager": refer("employee", build.ID("employee "+user))}
	}
	read := func(token, patient, id string, body build.Row) build.Request {
		return build.Patch(token, "/api/patients/"+patient+"/episodes/"+id).With(body)
	}
	of := func(token, patient, name string, body build.Row) build.Request {
		return read(token, build.ID(patient).String(), build.ID(name).String(), body)
	}
	const name = "episode to be updated"
	called := build.Row{"name": "Діабет 2026"}
	with := func(body build.Row) build.Request { return of(doctor, "patient", name, body) }

	w.Passes(op, "another name and care manager", with(merged(called, manager("colleague"))), http.StatusAccepted)
	w.Passes(op, "another name alone", of(doctor, "patient", "second episode to be updated", called), http.StatusAccepted)
	w.Passes(op, "a colleague of the care manager, when others may", of(colleague, "patient", "third episode to be updated", manager("colleague")),
		http.StatusAccepted).Set("ALLOW_OTHER_LE_EMPLOYEES_TO_MANAGE_EPISODE", "true")

	w.Refused(op, "an unknown patient", of(doctor, "nobody", name, called), fault.Refuse(rules.EpisodeUpdatePerson))
	w.Refused(op, "an inactive patient", of(doctor, "inactive_patient", name, called), fault.Refuse(rules.EpisodeUpdatePersonActive))
	w.Refused(op, "an unknown episode and a body of the wrong shape", of(doctor, "patient", "no episode", build.Row{}), fault.Refuse(rules.EpisodeUpdateNotFound))
	w.Refused(op, "a malformed id", read(doctor, build.ID("patient").String(), "1", called), fault.Refuse(rules.EpisodeUpdateNotFound))
	w.Refused(op, "an episode of another patient", of(doctor, "newcomer", name, called), fault.Refuse(rules.EpisodeUpdatePatient))
	wrong := func(entry, rule, description string) *fault.Error {
		return build.WrongShape(rules.EpisodeUpdateSchema, entry, rule, description)
	}
	w.Refused(op, "a status", with(merged(called, build.Row{"status": "closed"})), wrong("$.status", "schema", "schema does not allow additional properties"))
	w.Refused(op, "an empty name", with(build.Row{"name": ""}), wrong("$.name", "length", "expected value to have a minimum length of 1 but was 0"))
	w.Refused(op, "a care manager of another kind", with(build.Row{"care_manager": refer("legal_entity", build.ID("employee colleague"))}),
		wrong("$.care_manager.identifier.type.coding[0].code", "inclusion", "value is not allowed in enum"))
	w.Refused(op, "nothing", with(build.Row{}), fault.Refuse(rules.EpisodeUpdateEmpty))
	w.Refused(op, "an episode of another legal entity", of(doctor, "patient", "episode of the other clinic", called), fault.Refuse(rules.EpisodeUpdateOwner))
	w.Refused(op, "an episode of a suspended legal entity", of(build.TokenValue("suspended_doctor"), "patient", "episode of the suspended clinic", called),
		fault.Refuse(rules.EpisodeUpdateOwnerStatus))
	w.Refused(op, "an episode that is closed", of(doctor, "patient", "closed episode", called), fault.Refuse(rules.EpisodeUpdateStatus, "status", "closed"))
	w.Refused(op, "an episode that was entered in error", of(doctor, "patient", "episode entered in error", called),
		fault.Refuse(rules.EpisodeUpdateStatus, "status", "entered_in_error"))
	w.Refused(op, "a colleague who names themselves", of(colleague, "patient", name, merged(called, manager("colleague"))), fault.Refuse(rules.EpisodeUpdateManager))
	w.Refused(op, "an unknown employee", with(manager("nobody")), fault.Refuse(rules.EpisodeUpdateCareManager))
	w.Refused(op, "a malformed id of an employee", with(build.Row{"care_manager": refer("employee", "1")}), fault.Refuse(rules.EpisodeUpdateCareManager))
	w.Refused(op, "a type that the employee may not have", with(manager("colleague")),
		fault.Refuse(rules.EpisodeUpdateTypeAllowedEmployee, "type", "PHC")).Set("EMPLOYEE_EPISODE_TYPES", "DOCTOR=TREATMENT")
	w.Refused(op, "an owner as the care manager", with(manager("owner")), fault.Refuse(rules.EpisodeUpdateCareManagerType)).
		Set("RULES", "-episode.update.type_allowed_employee")
	w.Refused(op, "a care manager who is dismissed", with(manager("dismissed")), fault.Refuse(rules.EpisodeUpdateCareManagerStatus))
	w.Refused(op, "a care manager of another legal entity", with(manager("other_doctor")), fault.Refuse(rules.EpisodeUpdateCareManagerOrganization))
}
