package episodes

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world/build"
)

// refer makes a reference of a body.
func refer(kind string, id any) build.Row {
	return build.Row{"identifier": build.Row{
		"type": build.Row{"coding": []build.Row{{"system": medicalevents.Resources, "code": kind}}}, "value": id,
	}}
}

// merged are several changes of a body.
func merged(changes ...build.Row) build.Row {
	all := build.Row{}
	for _, c := range changes {
		all = build.Changed(all, c)
	}
	return all
}

func create(w *build.World) {
	const op = "createEpisode"
	w.Object("episode", "episode to be created", "is not there yet: Create Episode makes it")
	body := func(changes build.Row) build.Row {
		return build.Edit(build.Row{
			"id": build.ID("episode to be created"), "type": build.Row{"system": "eHealth/episode_types", "code": "PHC"}, "status": "active",
			"name": "Діабет 2018", "managing_organization": refer("legal_entity", build.ID("clinic")),
			"period":       build.Row{"start": w.Now.Add(-time.Hour).Format(time.RFC3339)},
			"care_manager": refer("employee", build.ID("employee doctor")),
		}, changes)
	}
	by := func(token, patient string, changes build.Row) build.Request {
		return build.Post(token, "/api/patients/"+patient+"/episodes").With(body(changes))
	}
	with := func(changes build.Row) build.Request { return by(doctor, build.ID("patient").String(), changes) }
	kind := func(code string) build.Row {
		return build.Row{"type": build.Row{"system": "eHealth/episode_types", "code": code}}
	}
	start := func(text string) build.Row { return build.Row{"period": build.Row{"start": text}} }
	manager := func(user string) build.Row {
		return build.Row{"care_manager": refer("employee", build.ID("employee "+user))}
	}
	organization := func(id uuid.UUID) build.Row { return build.Row{"managing_organization": refer("legal_entity", id)} }

	another := func(number string) build.Row { return build.Row{"id": build.ID("episode to be created " + number)} }

	w.Passes(op, "a new episode", with(nil), http.StatusAccepted)
	w.Passes(op, "a patient without a declaration", by(doctor, build.ID("newcomer").String(), another("2")), http.StatusAccepted)
	w.Passes(op, "a beginning without the hour", with(build.Changed(another("3"), start(w.Now.AddDate(0, 0, -1).Format(time.DateOnly)))), http.StatusAccepted)
	w.Passes(op, "a specialist of a hospital", by(build.TokenValue("hospital_doctor"), build.ID("patient").String(), merged(
		another("4"), kind("REHAB"), manager("hospital_doctor"), organization(build.ID("hospital")))), http.StatusAccepted)

	w.Refused(op, "an unknown patient", by(doctor, build.ID("nobody").String(), nil), fault.Refuse(rules.EpisodeCreatePerson))
	w.Refused(op, "a malformed patient id and a body of the wrong shape", by(doctor, "1", build.Row{"name": nil}), fault.Refuse(rules.EpisodeCreatePerson))
	w.Refused(op, "an inactive patient", by(doctor, build.ID("inactive_patient").String(), nil), fault.Refuse(rules.EpisodeCreatePersonActive))

	wrong := func(entry, rule, description string) *fault.Error {
		return build.WrongShape(rules.EpisodeCreateSchema, entry, rule, description)
	}
	w.Refused(op, "an end", with(build.Row{"period": build.Row{"start": "2018-08-02", "end": "2018-08-03"}}),
		wrong("$.period.end", "schema", "schema does not allow additional properties"))
	for _, field := range []string{"id", "type", "status", "name", "managing_organization", "period", "care_manager"} {
		w.Refused(op, "no "+field, with(build.Row{field: nil}), build.MissingProperty(rules.EpisodeCreateSchema, field))
	}
	w.Refused(op, "another status", with(build.Row{"status": "closed"}), wrong("$.status", "inclusion", "value is not allowed in enum"))
	w.Refused(op, "an empty name", with(build.Row{"name": ""}),
		wrong("$.name", "length", "expected value to have a minimum length of 1 but was 0"))
	w.Refused(op, "a beginning that is no date", with(start("2018-8-2")),
		wrong("$.period.start", "datetime", `expected "2018-8-2" to be a valid ISO 8601 date-time`))
	w.Refused(op, "a beginning on a day that does not exist", with(start("2018-02-30")),
		wrong("$.period.start", "date", `expected "2018-02-30" to be an existing date`))
	w.Refused(op, "a care manager of another kind", with(build.Row{"care_manager": refer("legal_entity", build.ID("employee doctor"))}),
		wrong("$.care_manager.identifier.type.coding[0].code", "inclusion", "value is not allowed in enum"))

	foreign := fault.Refuse(rules.EpisodeCreateManagingOrganization)
	w.Refused(op, "another legal entity's episode", with(organization(build.ID("other_clinic"))), foreign)
	unasked := []string{"RULES", "-episode.create.managing_organization"}
	w.Passes(op, "another legal entity's episode, when that is not checked", with(merged(another("5"), organization(build.ID("other_clinic")))), http.StatusAccepted).Set(unasked...)
	w.Refused(op, "an unknown legal entity, when another one is allowed", with(organization(build.ID("no legal entity"))),
		fault.Refuse(rules.EpisodeCreateManagingOrganizationExists)).Set(unasked...)
	w.Refused(op, "a closed legal entity, when another one is allowed", with(organization(build.ID("closed_clinic"))),
		fault.Refuse(rules.EpisodeCreateManagingOrganizationStatus)).Set(unasked...)
	twice := refer("legal_entity", build.ID("clinic"))
	coding := build.Row{"system": medicalevents.Resources, "code": "legal_entity"}
	twice["identifier"].(build.Row)["type"] = build.Row{"coding": []build.Row{coding, coding}}
	w.Refused(op, "a managing organization of two codings", with(build.Row{"managing_organization": twice}),
		fault.Refuse(rules.EpisodeCreateManagingOrganizationCoding))
	w.Refused(op, "a type of no dictionary", with(kind("OTHER")), fault.Refuse(rules.EpisodeCreateType, "code", "OTHER"))
	later := start(w.Now.Add(day).Format(time.RFC3339))
	w.Refused(op, "a beginning that is to come", with(later), fault.Refuse(rules.EpisodeCreatePeriodStart))
	unknown := fault.Refuse(rules.EpisodeCreateCareManager)
	w.Refused(op, "an unknown employee", with(manager("nobody")), unknown)
	w.Refused(op, "a malformed id of an employee", with(build.Row{"care_manager": refer("employee", "1")}), unknown)
	taken := build.Row{"id": build.ID("episode of patient")}
	w.Refused(op, "an id that an episode has", with(taken), fault.Refuse(rules.EpisodeCreateID))
	w.Refused(op, "everything wrong at once", with(merged(taken, later, kind("OTHER"), manager("nobody"), organization(build.ID("other_clinic")))), foreign, fault.Refuse(rules.EpisodeCreateType, "code", "OTHER"),
		fault.Refuse(rules.EpisodeCreatePeriodStart), unknown, fault.Refuse(rules.EpisodeCreateID))

	w.Refused(op, "a type that the legal entity may not have", with(kind("REHAB")), fault.Refuse(rules.EpisodeCreateTypeAllowed, "type", "REHAB"))
	w.Refused(op, "a type that the employee may not have", with(kind("PHC")),
		fault.Refuse(rules.EpisodeCreateTypeAllowedEmployee, "type", "PHC")).Set("EMPLOYEE_EPISODE_TYPES", "DOCTOR=TREATMENT")
	w.Refused(op, "an owner as the care manager", with(manager("owner")), fault.Refuse(rules.EpisodeCreateCareManagerType)).
		Set("RULES", "-episode.create.type_allowed_employee")
	w.Refused(op, "a care manager who is dismissed", with(manager("dismissed")), fault.Refuse(rules.EpisodeCreateCareManagerStatus))
	w.Refused(op, "a care manager of another legal entity", with(manager("other_doctor")), fault.Refuse(rules.EpisodeCreateCareManagerOrganization))
}
