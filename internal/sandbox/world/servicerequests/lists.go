package servicerequests

import (
	"net/http"
	"net/url"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world/build"
)

func lists(w *build.World) {
	const op = "listServiceRequests"
	of := func(token, patient, query string) build.Request {
		return build.Get(token, "/api/patients/"+build.ID(patient).String()+"/service_requests"+query)
	}
	planned := issue(w, "service request of a care plan, in work", "patient", "carries out a care plan; used by the clinic", clinic(3*day)).
		use(servicerequests.ProgramInProgress, clinic(day))
	planned.d.BasedOn = []medicalevents.Reference{medicalevents.To("care_plan", build.ID("outpatient care plan"))}
	planned.add()
	own, all := build.ID("clinic").String(), url.Values{
		"status": {"active"}, "episode_id": {build.ID("episode of patient").String()}, "requester_legal_entity": {build.ID("clinic").String()},
		"used_by_legal_entity": {build.ID("clinic").String()}, "code": {build.ID("service").String()},
		"care_plan_id": {build.ID("outpatient care plan").String()}, "page_size": {"10"},
	}
	w.Passes(op, "all filters", of(doctor, "patient", "?"+all.Encode()), http.StatusOK)
	w.Passes(op, "a doctor with a declaration", of(doctor, "patient", "?page_size=2&page=2"), http.StatusOK)
	w.Passes(op, "a status that there is not", of(doctor, "patient", "?status=draft"), http.StatusOK)
	w.Passes(op, "a stranger's referrals of the own clinic", of(doctor, "stranger_patient", "?requester_legal_entity="+own), http.StatusOK)

	for _, parameter := range []string{"episode_id", "requester_legal_entity", "used_by_legal_entity", "code", "care_plan_id"} {
		w.Refused(op, parameter+" that is no id", of(doctor, "patient", "?"+parameter+"=1"),
			fault.Refuse(rules.ServiceRequestListIDFilter, "parameter", parameter))
	}
	w.Refused(op, "an unknown parameter", of(doctor, "patient", "?requester=1"), fault.Refuse(rules.ServiceRequestListUnknownParameter, "parameter", "requester", "value", "1"))
	w.Refused(op, "an unknown patient", of(doctor, "nobody", ""), fault.Refuse(rules.ServiceRequestListPerson))
	w.Refused(op, "an inactive patient", of(doctor, "inactive_patient", ""), fault.Refuse(rules.ServiceRequestListPersonActive))
	w.Refused(op, "neither a declaration nor an approval", of(doctor, "stranger_patient", ""), fault.Refuse(rules.ServiceRequestListAccess))
}

func readsInEpisode(w *build.World) {
	const list, get = "listEpisodeServiceRequests", "getEpisodeServiceRequest"
	in := func(token, patient, episode, then string) build.Request {
		return build.Get(token, "/api/patients/"+build.ID(patient).String()+"/episodes/"+episode+"/service_requests"+then)
	}
	of := func(token, patient, episode, then string) build.Request {
		return in(token, patient, build.ID(episode).String(), then)
	}
	one := func(name string) string { return "/" + build.ID(name).String() }

	w.Passes(list, "a doctor with a declaration", of(doctor, "patient", "episode of patient", "?page_size=2"), http.StatusOK)
	w.Passes(list, "completed referrals", of(doctor, "patient", "episode of patient", "?status=completed"), http.StatusOK)
	w.Passes(list, "a doctor with an approval of the episode", of(doctor, "stranger_patient", "episode of stranger_patient", ""), http.StatusOK)
	w.Refused(list, "an unknown parameter", of(doctor, "patient", "episode of patient", "?code=1"),
		fault.Refuse(rules.ServiceRequestEpisodeListUnknownParameter, "parameter", "code", "value", "1"))
	w.Refused(list, "an unknown patient", of(doctor, "nobody", "episode of patient", ""), fault.Refuse(rules.ServiceRequestEpisodeListPerson))
	w.Refused(list, "an inactive patient", of(doctor, "inactive_patient", "episode of patient", ""), fault.Refuse(rules.ServiceRequestEpisodeListPersonActive))
	w.Refused(list, "an unknown episode", of(doctor, "patient", "no episode", ""), fault.Refuse(rules.ServiceRequestEpisodeListEpisode))
	w.Refused(list, "another patient's episode", of(doctor, "patient", "episode of stranger_patient", ""), fault.Refuse(rules.ServiceRequestEpisodeListEpisode))
	w.Refused(list, "a malformed id", in(doctor, "patient", "1", ""), fault.Refuse(rules.ServiceRequestEpisodeListEpisode))
	w.Refused(list, "neither a declaration nor an approval", of(doctor, "stranger_patient", "closed episode of stranger_patient", ""),
		fault.Refuse(rules.ServiceRequestEpisodeListAccess))

	const fresh, strangers = "service request to be used", "service request of a stranger to be used"
	w.Passes(get, "a doctor with a declaration", of(doctor, "patient", "episode of patient", one("service request to be qualified")), http.StatusOK)
	w.Passes(get, "a doctor with an approval of the episode", of(doctor, "stranger_patient", "episode of stranger_patient", one(strangers)), http.StatusOK)
	w.Refused(get, "an unknown patient", of(doctor, "nobody", "episode of patient", one(fresh)), fault.Refuse(rules.ServiceRequestEpisodeGetPerson))
	w.Refused(get, "an inactive patient", of(doctor, "inactive_patient", "episode of patient", one(fresh)), fault.Refuse(rules.ServiceRequestEpisodeGetPersonActive))
	w.Refused(get, "a referral of another episode", of(doctor, "patient", "closed episode", one(fresh)), fault.Refuse(rules.ServiceRequestEpisodeGetNotFound))
	w.Refused(get, "an unknown referral", of(doctor, "patient", "episode of patient", one("no service request")), fault.Refuse(rules.ServiceRequestEpisodeGetNotFound))
	w.Refused(get, "a malformed id", of(doctor, "patient", "episode of patient", "/1"), fault.Refuse(rules.ServiceRequestEpisodeGetNotFound))
	hidden := issue(w, "service request in an episode that nobody else may read", "stranger_patient", "of the other clinic", otherClinic(3*day))
	hidden.d.ContextEpisodeID = new(build.ID("closed episode of stranger_patient"))
	hidden.add()
	w.Refused(get, "neither a declaration nor an approval",
		of(doctor, "stranger_patient", "closed episode of stranger_patient", one("service request in an episode that nobody else may read")),
		fault.Refuse(rules.ServiceRequestEpisodeGetAccess))
}
