package episodes

import (
	"net/http"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

func closeEpisode(w *build.World) {
	const op, reasons = "closeEpisode", "eHealth/episode_closing_reasons"
	begin(w, "episode to be closed", "patient", "active, of the clinic: it can be closed", clinic, 40*day).diagnose("R80", 39*day).add()
	begin(w, "second episode to be closed", "patient", "the same", clinic, 40*day).add()
	begin(w, "third episode to be closed", "patient", "the same", clinic, 40*day).add()
	reason := func(code string) build.Row {
		return build.Row{"status_reason": build.Row{"coding": []build.Row{{"system": reasons, "code": code}}}}
	}
	end := func(at time.Time) build.Row { return build.Row{"period": build.Row{"end": at.Format(time.RFC3339)}} }
	read := func(token, patient, id string, changes build.Row) build.Request {
		return build.Patch(token, "/api/patients/"+patient+"/episodes/"+id+"/actions/close").With(build.Edit(merged(
			end(w.Now.Add(-time.Hour)), reason("resolved"), build.Row{"closing_summary": "Носові шляхи вільні, горло рожеве, температура в нормі"}), changes))
	}
	of := func(token, patient, name string, changes build.Row) build.Request {
		return read(token, build.ID(patient).String(), build.ID(name).String(), changes)
	}
	const name = "episode to be closed"
	with := func(changes build.Row) build.Request { return of(doctor, "patient", name, changes) }

	w.Passes(op, "an active episode", with(nil), http.StatusAccepted)
	w.Passes(op, "today, without the hour and a summary", of(doctor, "patient", "second episode to be closed",
		build.Row{"closing_summary": nil, "period": build.Row{"end": w.Now.Format(time.DateOnly)}}), http.StatusAccepted)
	w.Passes(op, "a colleague of the care manager, when others may", of(colleague, "patient", "third episode to be closed", nil),
		http.StatusAccepted).Set("ALLOW_OTHER_LE_EMPLOYEES_TO_MANAGE_EPISODE", "true")

	w.Refused(op, "an unknown patient", of(doctor, "nobody", name, nil), fault.Refuse(rules.EpisodeClosePerson))
	w.Refused(op, "an inactive patient", of(doctor, "inactive_patient", name, nil), fault.Refuse(rules.EpisodeClosePersonActive))
	w.Refused(op, "an unknown episode and a body of the wrong shape", of(doctor, "patient", "no episode", build.Row{"period": nil}), fault.Refuse(rules.EpisodeCloseNotFound))
	w.Refused(op, "a malformed id", read(doctor, build.ID("patient").String(), "1", nil), fault.Refuse(rules.EpisodeCloseNotFound))
	w.Refused(op, "an episode of another patient", of(doctor, "newcomer", name, nil), fault.Refuse(rules.EpisodeClosePatient))
	w.Refused(op, "a beginning", with(build.Row{"period": build.Row{"start": "2018-08-02", "end": "2018-08-03"}}),
		build.WrongShape(rules.EpisodeCloseSchema, "$.period.start", "schema", "schema does not allow additional properties"))
	for _, field := range []string{"period", "status_reason"} {
		w.Refused(op, "no "+field, with(build.Row{field: nil}), build.MissingProperty(rules.EpisodeCloseSchema, field))
	}
	w.Refused(op, "an episode that is closed", of(doctor, "patient", "closed episode", nil), fault.Refuse(rules.EpisodeCloseStatus, "status", "closed"))
	w.Refused(op, "an episode that was entered in error", of(doctor, "patient", "episode entered in error", nil),
		fault.Refuse(rules.EpisodeCloseStatus, "status", "entered_in_error"))
	w.Refused(op, "an episode of another legal entity", of(doctor, "patient", "episode of the other clinic", nil), fault.Refuse(rules.EpisodeCloseOwner))
	w.Refused(op, "a colleague of the care manager", of(colleague, "patient", name, nil), fault.Refuse(rules.EpisodeCloseManager))
	w.Refused(op, "an end before the beginning", with(end(w.Now.Add(-50*day))), fault.Refuse(rules.EpisodeClosePeriodEnd))
	w.Refused(op, "an end that is to come", with(end(w.Now.Add(day))), fault.Refuse(rules.EpisodeClosePeriodEndPast))
	w.Refused(op, "a reason of no dictionary", with(reason("other")), fault.Refuse(rules.EpisodeCloseReason, "code", "other"))
	w.Refused(op, "a wrong end and a wrong reason", with(merged(end(w.Now.Add(-50*day)), reason("other"))),
		fault.Refuse(rules.EpisodeClosePeriodEnd), fault.Refuse(rules.EpisodeCloseReason, "code", "other"))
}
