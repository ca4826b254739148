package medicalrecords

import (
	"net/http"
	"slices"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

var (
	doctor         = build.TokenValue("doctor")
	colleague      = build.TokenValue("colleague")
	otherDoctor    = build.TokenValue("other_doctor")
	hospitalDoctor = build.TokenValue("hospital_doctor")
)

func (k kind) rule(operation, check string) rules.ID {
	return rules.ID(k.family + "." + operation + "." + check)
}

// address is that of a record, of its context when then says so.
func (k kind) address(patient, episode, id, then string) string {
	if episode != "" {
		episode = "/episodes/" + episode
	}
	return "/api/patients/" + patient + episode + "/" + k.path + "/" + id + then
}

// of asks for a record by the names of its patient and its own.
func (k kind) of(token, patient, name string) build.Request {
	return build.Get(token, k.address(build.ID(patient).String(), "", k.id(name).String(), ""))
}

func (k kind) gets(w *build.World) {
	op := "get" + k.one
	w.Passes(op, "a doctor with a declaration", k.of(doctor, "patient", ofPatient), http.StatusOK)
	w.Passes(op, "a record that was entered in error", k.of(doctor, "patient", inError), http.StatusOK)
	w.Passes(op, "a doctor of the legal entity that manages it", k.of(colleague, "patient", ofPatient), http.StatusOK)
	w.Passes(op, "a doctor with a declaration reads another clinic's record", k.of(doctor, "patient", elsewhere), http.StatusOK)

	missing := fault.Refuse(k.rule("get", "not_found"))
	if !k.open {
		w.Passes(op, "a doctor of the legal entity that manages the episode", k.of(colleague, "patient", guest), http.StatusOK)
		w.Passes(op, "a doctor of the legal entity that manages the origin episode", k.of(colleague, "patient", originated), http.StatusOK)
		w.Passes(op, "a doctor with an approval of the episode", k.of(doctor, "stranger_patient", ofStranger), http.StatusOK)
		w.Passes(op, "a doctor with an approval of all data", k.of(hospitalDoctor, "former_patient", ofFormer), http.StatusOK)

		closed := fault.Refuse(k.rule("get", "access"))
		w.Refused(op, "neither a declaration nor an approval", k.of(doctor, "stranger_patient", unseen), closed)
		w.Refused(op, "the declaration of a colleague", k.of(colleague, "patient", elsewhere), closed)
		w.Refused(op, "a declaration that has ended", k.of(doctor, "former_patient", ofFormer), closed)
		w.Refused(op, "an unknown record, for a stranger", k.of(otherDoctor, "patient", " that is not there"), closed)
		w.Refused(op, "an unknown patient", k.of(doctor, "nobody", ofPatient), closed)
		w.Refused(op, "a malformed patient id", build.Get(doctor, k.address("1", "", k.id(ofPatient).String(), "")), closed)
		w.Refused(op, "an own record under another patient", k.of(doctor, "stranger_patient", ofPatient), closed)
		unasked := []string{"RULES", "-" + string(k.rule("get", "access"))}
		w.Passes(op, "neither a declaration nor an approval, when that is not checked", k.of(doctor, "stranger_patient", unseen), http.StatusOK).Set(unasked...)
		if k.ofPerson {
			w.Refused(op, "an unknown patient, when access is not checked", k.of(doctor, "nobody", ofPatient), fault.Refuse(k.rule("get", "person"))).Set(unasked...)
		}
	} else {
		w.Passes(op, "a doctor without a declaration", k.of(otherDoctor, "stranger_patient", unseen), http.StatusOK)
		w.Refused(op, "an unknown patient", k.of(doctor, "nobody", ofPatient), missing)
		w.Refused(op, "a malformed patient id", build.Get(doctor, k.address("1", "", k.id(ofPatient).String(), "")), missing)
	}
	w.Refused(op, "an unknown record", k.of(doctor, "patient", " that is not there"), missing)
	w.Refused(op, "a malformed id", build.Get(doctor, k.address(build.ID("patient").String(), "", "1", "")), missing)
	w.Refused(op, "a record of another patient", k.of(doctor, "patient", unseen), missing)
}

func (k kind) getsHidden(w *build.World) {
	op := "get" + k.one
	w.Refused(op, "a record that a forbidden group hides", k.of(doctor, "patient", hidden), fault.Refuse(k.rule("get", "forbidden_group")))
	w.Passes(op, "the author of a record that a forbidden group hides", k.of(otherDoctor, "patient", hidden), http.StatusOK)
	w.Passes(op, "a doctor with an approval of the forbidden group", k.of(hospitalDoctor, "former_patient", unbound), http.StatusOK)
	w.Passes(op, "a record that a forbidden group hides, when that is not checked", k.of(doctor, "patient", hidden), http.StatusOK).
		Set("RULES", "-"+string(k.rule("get", "forbidden_group")))
}

func (k kind) getsInEpisode(w *build.World) {
	op := "getEpisode" + k.one
	in := func(token, patient, episode, name string) build.Request {
		return build.Get(token, k.address(build.ID(patient).String(), build.ID(episode).String(), k.id(name).String(), ""))
	}
	w.Passes(op, "a doctor with a declaration", in(doctor, "patient", "episode of patient", ofPatient), http.StatusOK)
	w.Passes(op, "a record that was entered in error", in(doctor, "patient", "episode of patient", inError), http.StatusOK)
	w.Passes(op, "a doctor of the legal entity that manages the episode", in(colleague, "patient", "episode of patient", guest), http.StatusOK)

	if k.hidden {
		w.Refused(op, "a record that a forbidden group hides", in(doctor, "patient", "episode of the other clinic", hidden),
			fault.Refuse(k.rule("get_in_episode", "forbidden_group")))
		w.Passes(op, "the author of a record that a forbidden group hides", in(otherDoctor, "patient", "episode of the other clinic", hidden), http.StatusOK)
		w.Passes(op, "a doctor with an approval of the forbidden group",
			in(hospitalDoctor, "former_patient", "episode of former_patient", unbound), http.StatusOK)
	}
	missing := fault.Refuse(k.rule("get_in_episode", "not_found"))
	if !k.open {
		w.Passes(op, "a doctor with an approval of the episode", in(doctor, "stranger_patient", "episode of stranger_patient", ofStranger), http.StatusOK)
		closed := fault.Refuse(k.rule("get_in_episode", "access"))
		w.Refused(op, "neither a declaration nor an approval",
			in(doctor, "stranger_patient", "closed episode of stranger_patient", unseen), closed)
		w.Refused(op, "a record of another episode, for a stranger", in(otherDoctor, "patient", "episode of patient", elsewhere), closed)
		w.Refused(op, "an unknown patient", in(doctor, "nobody", "episode of patient", ofPatient), closed)
		w.Passes(op, "neither a declaration nor an approval, when that is not checked",
			in(doctor, "stranger_patient", "closed episode of stranger_patient", unseen), http.StatusOK).Set("RULES", "-"+string(k.rule("get_in_episode", "access")))
	} else {
		w.Passes(op, "a doctor without a declaration", in(otherDoctor, "stranger_patient", "closed episode of stranger_patient", unseen), http.StatusOK)
		w.Refused(op, "an unknown patient", in(doctor, "nobody", "episode of patient", ofPatient), missing)
	}
	w.Refused(op, "a record of another episode", in(doctor, "patient", "episode of patient", elsewhere), missing)
	w.Refused(op, "an unknown record", in(doctor, "patient", "episode of patient", " that is not there"), missing)
	w.Refused(op, "a malformed episode id", build.Get(doctor, k.address(build.ID("patient").String(), "1", k.id(ofPatient).String(), "")), missing)
	w.Refused(op, "a malformed id", build.Get(doctor, k.address(build.ID("patient").String(), build.ID("episode of patient").String(), "1", "")), missing)
}

func (k kind) contexts(w *build.World) {
	op := "get" + k.one + "Context"
	of := func(token, patient, id string) build.Request {
		return build.Get(token, k.address(patient, "", id, "/context"))
	}
	named := func(token, patient, name string) build.Request {
		return of(token, build.ID(patient).String(), k.id(name).String())
	}
	w.Passes(op, "a doctor who may not read the record", named(otherDoctor, "patient", ofPatient), http.StatusOK)
	w.Passes(op, "a doctor with a declaration", named(doctor, "patient", originated), http.StatusOK)

	person, missing := fault.Refuse(k.rule("context", "person")), fault.Refuse(k.rule("context", "not_found"))
	w.Refused(op, "an unknown patient", named(doctor, "nobody", ofPatient), person)
	w.Refused(op, "a malformed patient id", of(doctor, "1", k.id(ofPatient).String()), person)
	w.Refused(op, "an unknown record", named(doctor, "patient", " that is not there"), missing)
	w.Refused(op, "a malformed id", of(doctor, build.ID("patient").String(), "1"), missing)
	w.Refused(op, "a record of another patient", named(doctor, "patient", unseen), missing)
}

// list asks for a list of a patient, or of one of their episodes.
func (k kind) list(token, patient, episode, query string) build.Request {
	if episode != "" {
		episode = "/episodes/" + episode
	}
	return build.Get(token, strings.TrimSuffix("/api/patients/"+patient+episode+"/"+k.path+"?"+query, "?"))
}

func (k kind) lists(w *build.World) {
	op := "list" + k.many
	by := func(token, patient, query string) build.Request {
		return k.list(token, build.ID(patient).String(), "", query)
	}
	w.Passes(op, "a doctor with a declaration", by(doctor, "patient", ""), http.StatusOK)
	w.Passes(op, "all filters", by(doctor, "patient", k.filters+"&page_size=1"), http.StatusOK)
	w.Passes(op, "an unknown episode", by(doctor, "patient", is(k.episodeFilter(), "no episode")), http.StatusOK)
	if !k.open {
		for _, ask := range k.asks {
			name, _, _ := strings.Cut(ask, "=")
			w.Passes(op, name+" of the caller's legal entity", by(colleague, "patient", ask), http.StatusOK)
		}
		w.Passes(op, "a doctor with an approval of all data", by(hospitalDoctor, "former_patient", ""), http.StatusOK)
		k.closedList(w, op, "list", by, is(k.episodeFilter(), "episode of stranger_patient"))
	} else {
		w.Passes(op, "a doctor without a declaration", by(otherDoctor, "stranger_patient", ""), http.StatusOK)
		w.Passes(op, "an unknown patient", by(doctor, "nobody", ""), http.StatusOK)
		w.Refused(op, "a malformed patient id", k.list(doctor, "1", "", ""), fault.Refuse(k.rule("list", "not_found")))
	}
	if k.ofPerson {
		w.Refused(op, "an unknown patient, when access is not checked", by(doctor, "nobody", ""), fault.Refuse(k.rule("list", "person"))).
			Set("RULES", "-"+string(k.rule("list", "access")))
	}
	k.wrongFilters(w, op, "list", func(query string) build.Request { return by(doctor, "patient", query) }, k.ids, k.dates)
}

func (k kind) listsInEpisode(w *build.World) {
	op := "listEpisode" + k.many
	in := func(token, patient, episode, query string) build.Request {
		return k.list(token, build.ID(patient).String(), build.ID(episode).String(), query)
	}
	w.Passes(op, "a doctor with a declaration", in(doctor, "patient", "episode of patient", ""), http.StatusOK)
	w.Passes(op, "all filters", in(doctor, "patient", "episode of patient", k.inEpisodeFilters+"&page_size=1"), http.StatusOK)
	w.Passes(op, "an unknown episode", in(doctor, "patient", "no episode", ""), http.StatusOK)
	w.Refused(op, "a malformed episode id", k.list(doctor, build.ID("patient").String(), "1", ""), fault.Refuse(k.rule("list_in_episode", "not_found")))
	w.Passes(op, "a doctor of the legal entity that manages the episode", in(colleague, "patient", "episode of patient", ""), http.StatusOK)
	if !k.open {
		w.Passes(op, "a doctor with an approval of the episode", in(doctor, "stranger_patient", "episode of stranger_patient", ""), http.StatusOK)
		closed := fault.Refuse(k.rule("list_in_episode", "access"))
		w.Refused(op, "neither a declaration nor an approval", in(doctor, "stranger_patient", "closed episode of stranger_patient", ""), closed)
		w.Refused(op, "the declaration of a colleague", in(colleague, "patient", "episode of the other clinic", ""), closed)
		w.Refused(op, "an unknown patient and an unknown filter", in(doctor, "nobody", "episode of patient", "requester=1"), closed)
		w.Passes(op, "neither a declaration nor an approval, when that is not checked",
			in(doctor, "stranger_patient", "closed episode of stranger_patient", ""), http.StatusOK).Set("RULES", "-"+string(k.rule("list_in_episode", "access")))
	} else {
		w.Passes(op, "a doctor without a declaration", in(otherDoctor, "stranger_patient", "closed episode of stranger_patient", ""), http.StatusOK)
	}
	k.wrongFilters(w, op, "list_in_episode", func(query string) build.Request { return in(doctor, "patient", "episode of patient", query) },
		k.inEpisodeIDs, k.inEpisodeDates)
}

func (k kind) takes(filter string) bool {
	return slices.Contains(k.ids, filter)
}

// episodeFilter is the filter that asks for the records of an episode.
func (k kind) episodeFilter() string {
	if k.takes("episode_id") {
		return "episode_id"
	}
	return "context_episode_id"
}

func (k kind) closedList(w *build.World, op, operation string, by func(token, patient, query string) build.Request, approved string) {
	w.Passes(op, "an episode that an approval opens", by(doctor, "stranger_patient", approved), http.StatusOK)
	closed := fault.Refuse(k.rule(operation, "access"))
	w.Refused(op, "neither a declaration nor an approval", by(otherDoctor, "patient", ""), closed)
	w.Refused(op, "the declaration of a colleague", by(colleague, "patient", ""), closed)
	w.Refused(op, "an approval of one episode", by(doctor, "stranger_patient", ""), closed)
	w.Refused(op, "another legal entity's records", by(colleague, "patient", is("managing_organization_id", "other_clinic")), closed)
	w.Refused(op, "another legal entity's episode", by(colleague, "patient", is(k.episodeFilter(), "episode of the other clinic")), closed)
	w.Refused(op, "an unknown patient and an unknown filter", by(doctor, "nobody", "requester=1"), closed)
	w.Refused(op, "a malformed patient id", k.list(doctor, "1", "", ""), closed)
	unasked := []string{"RULES", "-" + string(k.rule(operation, "access"))}
	w.Passes(op, "neither a declaration nor an approval, when that is not checked", by(otherDoctor, "patient", ""), http.StatusOK).Set(unasked...)
}

func (k kind) wrongFilters(w *build.World, op, operation string, mine func(query string) build.Request, ids, dates []string) {
	unknown := fault.RefuseAt(k.rule(operation, "unknown_parameter"), "$.requester", nil)
	w.Refused(op, "a parameter that the list does not have", mine("requester=1"), unknown)
	refused, query := []*fault.Error{unknown}, "requester=1"
	for _, name := range ids {
		refusal := fault.Refuse(k.rule(operation, "id_filter"), "parameter", name)
		w.Refused(op, name+" that is no uuid", mine(name+"=1"), refusal)
		refused, query = append(refused, refusal), query+"&"+name+"=1"
	}
	for _, name := range dates {
		refusal := fault.Refuse(k.rule(operation, "date_filter"), "parameter", name, "actual", "2026-3-25")
		w.Refused(op, name+" that is no date", mine(name+"=2026-3-25"), refusal)
		w.Refused(op, name+" on a day that does not exist", mine(name+"=2026-02-30"),
			fault.Refuse(k.rule(operation, "date_exists"), "parameter", name, "actual", "2026-02-30"))
		refused, query = append(refused, refusal), query+"&"+name+"=2026-3-25"
	}
	w.Refused(op, "everything wrong at once", mine(query), refused...)
}
