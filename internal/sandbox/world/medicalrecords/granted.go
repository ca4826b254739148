package medicalrecords

import (
	"net/http"
	"strconv"

	"esoz/internal/platform/fault"
	document "esoz/internal/resource/approvals"
	"esoz/internal/sandbox/world/approvals"
	"esoz/internal/sandbox/world/build"
)

// listsApproved adds records that approvals name, and the cases of their list.
func (k kind) listsApproved(w *build.World) {
	for _, a := range []struct{ name, user string }{
		{approved, "doctor"}, {" that another approval names", "doctor"}, {" that an approval of the colleague names", "colleague"},
	} {
		r := madeFor(a.name, "examination", "of the other clinic; the patient lets "+a.user+" read it")
		r.otherTime = a.name != approved
		k.add(w, r)
		approvals.AddVerified(w, "approval of the "+k.name+a.name, "stranger_patient", "lets "+a.user+" read it", a.user,
			document.To(k.family, k.id(a.name)))
	}
	w.Passes("get"+k.one, "a doctor with an approval of the record", k.of(doctor, "stranger_patient", approved), http.StatusOK)

	op := "listApproved" + k.many
	of := func(token, patient, query string) build.Request {
		return k.under(token, patient, k.path+"/approved", query)
	}
	mine := func(query string) build.Request { return of(doctor, build.ID("stranger_patient").String(), query) }
	w.Passes(op, "a doctor with an approval", mine(""), http.StatusOK)
	w.Passes(op, "all filters", mine(is("code", "examination")+"&page_size=1"), http.StatusOK)
	w.Passes(op, "a service that none of them is made for", mine(is("code", "radiography")), http.StatusOK)
	w.Passes(op, "a doctor without an approval", of(otherDoctor, build.ID("stranger_patient").String(), ""), http.StatusOK)
	w.Passes(op, "a doctor with an approval of all data", of(hospitalDoctor, build.ID("former_patient").String(), ""), http.StatusOK)
	k.unknownPatients(w, op, "approved", of)
	k.wrongFilters(w, op, "approved", mine, []string{"code"}, nil)
}

// listsOfServiceGroups adds the cases of the list by groups of services.
func (k kind) listsOfServiceGroups(w *build.World) {
	op := "list" + k.many + "OfServiceGroups"
	of := func(token, patient, query string) build.Request {
		return k.under(token, patient, "service_groups/"+k.path, query)
	}
	mine := func(query string) build.Request { return of(doctor, build.ID("stranger_patient").String(), query) }
	group := func(name string) build.Request { return mine(is("service_group_id", name)) }
	w.Passes(op, "a doctor with an approval", mine(""), http.StatusOK)
	for i, filters := range k.groupFilters {
		title := "all filters"
		if i > 0 {
			title += ", " + strconv.Itoa(i+1)
		}
		w.Passes(op, title, mine(filters+"&page_size=1"), http.StatusOK)
	}
	w.Passes(op, "a group of another's approval", group("service group"), http.StatusOK)
	w.Passes(op, "a group below that of an approval", group("group of mammography"), http.StatusOK)
	w.Passes(op, "an approval of a group that is out of use", group("former service group"), http.StatusOK)
	w.Passes(op, "a service that is not in the group", mine(is("code", "mammography")), http.StatusOK)
	w.Passes(op, "a doctor without an approval of a group", of(otherDoctor, build.ID("stranger_patient").String(), ""), http.StatusOK)
	w.Passes(op, "a doctor with a declaration and without an approval of a group", of(doctor, build.ID("patient").String(), ""), http.StatusOK)
	k.unknownPatients(w, op, "service_groups", of)
	k.wrongFilters(w, op, "service_groups", mine, k.groupIDs, k.groupDates)
}

// under asks for a list that stands beside that of the kind.
func (k kind) under(token, patient, path, query string) build.Request {
	k.path = path
	return k.list(token, patient, "", query)
}

func (k kind) unknownPatients(w *build.World, op, operation string, of func(token, patient, query string) build.Request) {
	missing := fault.Refuse(k.rule(operation, "person"))
	w.Refused(op, "an unknown patient and an unknown filter", of(doctor, build.ID("nobody").String(), "requester=1"), missing)
	w.Refused(op, "a malformed patient id", of(doctor, "1", ""), missing)
}
