package episodes

import (
	"net/http"
	"strings"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	document "esoz/internal/resource/approvals"
	"esoz/internal/sandbox/world/approvals"
	"esoz/internal/sandbox/world/build"
)

func get(w *build.World) {
	const op = "getEpisode"
	read := func(token, patient, id string) build.Request {
		return build.Get(token, "/api/patients/"+patient+"/episodes/"+id)
	}
	of := func(token, patient, name string) build.Request {
		return read(token, build.ID(patient).String(), build.ID(name).String())
	}
	begin(w, "episode of offline_patient", "offline_patient", "active, of the clinic: referrals were carried out in it", clinic, 30*day).add()
	begin(w, "episode of patient", "patient", "active, of the clinic: it has a diagnosis", clinic, 30*day).diagnose("R80", 20*day).add()
	begin(w, "closed episode", "patient", "status closed", clinic, 90*day).close(clinic, 60*day).add()
	begin(w, "episode entered in error", "patient", "status entered_in_error", clinic, 80*day).cancel(clinic, 70*day).add()
	begin(w, "episode of the other clinic", "patient", "active, of the other clinic, of the clinic's patient", otherClinic, 10*day).add()
	begin(w, "episode of stranger_patient", "stranger_patient", "active, of the other clinic; the patient lets the clinic's doctor read it", otherClinic, 30*day).add()
	begin(w, "closed episode of stranger_patient", "stranger_patient", "of the other clinic; nobody else may read it", otherClinic, 50*day).close(otherClinic, 40*day).add()
	begin(w, "episode of former_patient", "former_patient", "of the other clinic; the patient lets the hospital's doctor read everything", otherClinic, 30*day).add()
	begin(w, "episode that a forbidden group hides", "patient", "active, of the other clinic; a forbidden group has its diagnosis", otherClinic, 40*day).
		diagnose("P72", 20*day).add()
	begin(w, "episode of a forbidden group that an approval opens", "former_patient", "the hospital's doctor has an approval of the group", otherClinic, 40*day).
		diagnose("P72", 20*day).add()
	approvals.AddVerified(w, "approval of all data", "former_patient", "lets the hospital's doctor read everything", "hospital_doctor",
		document.ToPatient("patient", w.Seal.PatientID(build.ID("former_patient"))))

	approvals.AddExpired(w, "expired approval of an episode", "stranger_patient", "let the clinic's other doctor read it; its time is over",
		"colleague", document.To("episode_of_care", build.ID("closed episode of stranger_patient")))

	w.Passes(op, "a doctor with a declaration", of(doctor, "patient", "episode of patient"), http.StatusOK)
	w.Passes(op, "a doctor with a declaration reads another clinic's episode", of(doctor, "patient", "episode of the other clinic"), http.StatusOK)
	w.Passes(op, "a closed episode", of(doctor, "patient", "closed episode"), http.StatusOK)
	w.Passes(op, "an episode that was entered in error", of(doctor, "patient", "episode entered in error"), http.StatusOK)
	w.Passes(op, "a doctor of the legal entity that manages it", of(colleague, "patient", "episode of patient"), http.StatusOK)
	w.Passes(op, "a doctor with an approval of the episode", of(doctor, "stranger_patient", "episode of stranger_patient"), http.StatusOK)
	w.Passes(op, "a doctor with an approval of all data", of(build.TokenValue("hospital_doctor"), "former_patient", "episode of former_patient"), http.StatusOK)

	w.Passes(op, "the author of an episode that a forbidden group hides", of(otherDoctor, "patient", "episode that a forbidden group hides"), http.StatusOK)
	w.Passes(op, "a doctor with an approval of the forbidden group",
		of(build.TokenValue("hospital_doctor"), "former_patient", "episode of a forbidden group that an approval opens"), http.StatusOK)
	w.Refused(op, "an episode that a forbidden group hides", of(doctor, "patient", "episode that a forbidden group hides"),
		fault.Refuse(rules.EpisodeGetForbiddenGroup))

	closed := fault.Refuse(rules.EpisodeGetAccess)
	w.Refused(op, "neither a declaration nor an approval", of(doctor, "stranger_patient", "closed episode of stranger_patient"), closed)
	w.Refused(op, "an approval whose time is over", of(colleague, "stranger_patient", "closed episode of stranger_patient"), closed)
	w.Refused(op, "the declaration of a colleague", of(colleague, "patient", "episode of the other clinic"), closed)
	w.Refused(op, "a declaration that has ended", of(doctor, "former_patient", "episode of former_patient"), closed)
	w.Refused(op, "an unknown episode, for a stranger", of(otherDoctor, "patient", "no episode"), closed)
	w.Refused(op, "an unknown patient", of(doctor, "nobody", "episode of patient"), closed)
	w.Refused(op, "a malformed patient id", read(doctor, "1", build.ID("episode of patient").String()), closed)
	w.Refused(op, "an own episode under another patient", of(doctor, "stranger_patient", "episode of patient"), closed)
	w.Passes(op, "neither a declaration nor an approval, when that is not checked", of(doctor, "stranger_patient", "closed episode of stranger_patient"),
		http.StatusOK).Set("RULES", "-episode.get.access")
	missing := fault.Refuse(rules.EpisodeGetNotFound)
	w.Refused(op, "an unknown episode", of(doctor, "patient", "no episode"), missing)
	w.Refused(op, "a malformed id", read(doctor, build.ID("patient").String(), "1"), missing)
	w.Refused(op, "an episode of another patient", of(doctor, "patient", "closed episode of stranger_patient"), missing)
}

// wrongDates are those of the filters of the lists.
func wrongDates(w *build.World, op string, by func(query string) build.Request, form, exists rules.ID, names ...string) {
	for _, name := range names {
		w.Refused(op, name+" that is no date", by(name+"=2026-3-25"), fault.Refuse(form, "parameter", name, "actual", "2026-3-25"))
		w.Refused(op, name+" on a day that does not exist", by(name+"=2026-02-30"), fault.Refuse(exists, "parameter", name, "actual", "2026-02-30"))
	}
}

// listOf asks for a list of episodes of a patient.
func listOf(token, patient, list, query string) build.Request {
	return build.Get(token, strings.TrimSuffix("/api/patients/"+patient+list+"?"+query, "?"))
}

func list(w *build.World) {
	const op, path = "listEpisodes", "/episodes"
	by := func(token, patient, query string) build.Request {
		return listOf(token, build.ID(patient).String(), path, query)
	}
	of := func(legalEntity string) string { return "managing_organization_id=" + build.ID(legalEntity).String() }
	w.Passes(op, "a doctor with a declaration", by(doctor, "patient", ""), http.StatusOK)
	w.Passes(op, "filters", by(doctor, "patient", "status=active&code=R80&page_size=1&period_from="+w.Now.Format(time.DateOnly)+"&"+of("clinic")), http.StatusOK)
	w.Passes(op, "what the own legal entity manages", by(colleague, "patient", of("clinic")), http.StatusOK)
	w.Passes(op, "a doctor with an approval of all data", by(build.TokenValue("hospital_doctor"), "former_patient", ""), http.StatusOK)
	w.Passes(op, "a status that no episode has", by(doctor, "patient", "status=ACTIVE"), http.StatusOK)

	closed := fault.Refuse(rules.EpisodeListAccess)
	w.Refused(op, "neither a declaration nor an approval", by(otherDoctor, "patient", ""), closed)
	w.Refused(op, "the declaration of a colleague", by(colleague, "patient", ""), closed)
	w.Refused(op, "an approval of one episode", by(doctor, "stranger_patient", ""), closed)
	w.Refused(op, "another legal entity's episodes", by(colleague, "patient", of("other_clinic")), closed)
	w.Refused(op, "an unknown patient and a wrong filter", by(doctor, "nobody", "period_from=1"), closed)
	w.Refused(op, "a malformed patient id", listOf(doctor, "1", path, ""), closed)
	unasked := []string{"RULES", "-episode.list.access"}
	w.Passes(op, "neither a declaration nor an approval, when that is not checked", by(otherDoctor, "patient", ""), http.StatusOK).Set(unasked...)
	w.Passes(op, "a malformed patient id, when access is not checked", listOf(doctor, "1", path, ""), http.StatusOK).Set(unasked...)

	mine := func(query string) build.Request { return by(doctor, "patient", query) }
	unknown, id := fault.RefuseAt(rules.EpisodeListUnknownParameter, "$.requester", nil), fault.Refuse(rules.EpisodeListIDFilter, "parameter", "managing_organization_id")
	w.Refused(op, "a parameter that the list does not have", mine("requester=1"), unknown)
	w.Refused(op, "managing_organization_id that is no uuid", mine("managing_organization_id=1"), id)
	wrongDates(w, op, mine, rules.EpisodeListDateFilter, rules.EpisodeListDateExists, "period_from", "period_to")
	w.Refused(op, "everything wrong at once", mine("requester=1&managing_organization_id=1&period_to=1"), unknown, id,
		fault.Refuse(rules.EpisodeListDateFilter, "parameter", "period_to", "actual", "1"))
}

func listShort(w *build.World) {
	const op, path = "listShortEpisodes", "/summary/episodes"
	by := func(token, patient, query string) build.Request {
		return listOf(token, build.ID(patient).String(), path, query)
	}
	w.Passes(op, "a doctor without a declaration", by(otherDoctor, "patient", ""), http.StatusOK)
	w.Passes(op, "filters", by(doctor, "patient", "page_size=1&period_end_from=2020-01-01&period_start_from=2020-01-01"), http.StatusOK)

	missing := fault.Refuse(rules.EpisodeShortPerson)
	w.Refused(op, "an unknown patient and a wrong filter", by(doctor, "nobody", "period_from=1"), missing)
	w.Refused(op, "a malformed patient id", listOf(doctor, "1", path, ""), missing)
	mine := func(query string) build.Request { return by(doctor, "patient", query) }
	unknown := fault.RefuseAt(rules.EpisodeShortUnknownParameter, "$.status", nil)
	w.Refused(op, "a parameter that the list does not have", mine("status=active"), unknown)
	wrongDates(w, op, mine, rules.EpisodeShortDateFilter, rules.EpisodeShortDateExists,
		"period_from", "period_to", "period_start_from", "period_start_to", "period_end_from", "period_end_to")
	w.Refused(op, "everything wrong at once", mine("status=active&period_to=1"), unknown,
		fault.Refuse(rules.EpisodeShortDateFilter, "parameter", "period_to", "actual", "1"))
}

func listApproved(w *build.World) {
	const op, path = "listApprovedEpisodes", "/episodes/approved"
	by := func(token, patient, query string) build.Request {
		return listOf(token, build.ID(patient).String(), path, query)
	}
	w.Passes(op, "a doctor with an approval of an episode", by(doctor, "stranger_patient", ""), http.StatusOK)
	w.Passes(op, "a code", by(doctor, "stranger_patient", "code=R80"), http.StatusOK)
	w.Passes(op, "a doctor without an approval", by(colleague, "patient", ""), http.StatusOK)

	missing := fault.Refuse(rules.EpisodeApprovedPerson)
	w.Refused(op, "an unknown patient and a wrong filter", by(doctor, "nobody", "status=active"), missing)
	w.Refused(op, "a malformed patient id", listOf(doctor, "1", path, ""), missing)
	w.Refused(op, "a parameter that the list does not have", by(doctor, "stranger_patient", "status=active"),
		fault.RefuseAt(rules.EpisodeApprovedUnknownParameter, "$.status", nil))
}

func listOfDiagnosesGroups(w *build.World) {
	const op, path, patient = "listEpisodesOfDiagnosesGroups", "/diagnoses_groups/episodes", "stranger_patient"
	of := func(name, note string, ago time.Duration) *episode {
		return begin(w, name, patient, note, otherClinic, ago)
	}
	const icd = "eHealth/ICD10_AM/condition_codes"
	of("episode of diabetes", "active: its first diagnosis is of the group of diagnoses, its current one is not", 29*day).
		diagnose("T90", 28*day).diagnose("R80", 20*day).add()
	of("newer episode of diabetes", "active, with a diagnosis of the group of diagnoses", 19*day).diagnoseOf(icd, "E11.9", 18*day).add()
	of("episode of dementia", "active, with a diagnosis of the group of dementia", 27*day).diagnoseOf(icd, "G30.9", 26*day).add()
	of("episode with a code of another dictionary", "active: a code of the group of diagnoses, of another dictionary", 25*day).
		diagnose("E11.9", 24*day).add()
	of("episode with a withdrawn diagnosis", "active: the encounter was entered in error", 23*day).diagnose("T90", 22*day).undiagnose().add()
	of("closed episode of diabetes", "closed, with a diagnosis of the group of diagnoses", 21*day).diagnose("T90", 20*day).close(otherClinic, 10*day).add()
	for _, a := range []struct{ group, user string }{
		{"group of diagnoses", "doctor"}, {"former group of diagnoses", "doctor"}, {"group of dementia", "colleague"},
	} {
		approvals.AddVerified(w, "approval of the "+a.group, patient, "lets "+a.user+" list the episodes with its diagnoses", a.user,
			document.To("diagnoses_group", build.ID(a.group)))
	}

	by := func(token, patient, query string) build.Request {
		return listOf(token, build.ID(patient).String(), path, query)
	}
	mine := func(query string) build.Request { return by(doctor, patient, query) }
	group := func(name string) string { return "diagnoses_group_id=" + build.ID(name).String() }
	w.Passes(op, "a doctor with an approval of a group", mine(""), http.StatusOK)
	w.Passes(op, "filters of an approved group", mine("page_size=1&period_from="+w.Now.Add(-22*day).Format(time.DateOnly)+"&"+
		group("group of diagnoses")+"&managing_organization_id="+build.ID("other_clinic").String()), http.StatusOK)
	w.Passes(op, "an end of the period, which no active episode has", mine("period_to="+w.Now.Format(time.DateOnly)), http.StatusOK)
	w.Passes(op, "a group of another's approval", mine(group("group of dementia")), http.StatusOK)
	w.Passes(op, "an approval of a group that is out of use", mine(group("former group of diagnoses")), http.StatusOK)
	w.Passes(op, "a doctor without an approval of a group", by(otherDoctor, patient, ""), http.StatusOK)

	missing := fault.Refuse(rules.EpisodeDiagnosesGroupsPerson)
	w.Refused(op, "an unknown patient and a wrong filter", by(doctor, "nobody", "period_from=1"), missing)
	w.Refused(op, "a malformed patient id", listOf(doctor, "1", path, ""), missing)
	unknown := fault.RefuseAt(rules.EpisodeDiagnosesGroupsUnknownParameter, "$.status", nil)
	id := func(name string) *fault.Error {
		return fault.Refuse(rules.EpisodeDiagnosesGroupsIDFilter, "parameter", name)
	}
	w.Refused(op, "a parameter that the list does not have", mine("status=active"), unknown)
	for _, name := range []string{"diagnoses_group_id", "managing_organization_id"} {
		w.Refused(op, name+" that is no uuid", mine(name+"=1"), id(name))
	}
	wrongDates(w, op, mine, rules.EpisodeDiagnosesGroupsDateFilter, rules.EpisodeDiagnosesGroupsDateExists, "period_from", "period_to")
	w.Refused(op, "everything wrong at once", mine("status=active&diagnoses_group_id=1&period_to=1"), unknown, id("diagnoses_group_id"),
		fault.Refuse(rules.EpisodeDiagnosesGroupsDateFilter, "parameter", "period_to", "actual", "1"))
}
