// Package forbiddengroups has what is in the forbidden groups. The groups themselves stand
// in the world's package approvals.
package forbiddengroups

import (
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	document "esoz/internal/resource/approvals"
	"esoz/internal/sandbox/world/approvals"
	"esoz/internal/sandbox/world/build"
)

// reason is why all this was forbidden.
const reason = "Наказ МОЗ"

// Dictionaries of diagnoses.
const (
	icd  = "eHealth/ICD10_AM/condition_codes"
	icpc = "eHealth/ICPC2/condition_codes"
)

// Add adds the contents of the groups and the cases.
func Add(w *build.World) {
	w.Insert("prm.forbidden_groups", w.Audited(build.Row{
		"id":   w.Object("forbidden group", "forbidden group without contents", "active, in use again after it was not"),
		"name": "Інфекційні хвороби", "creation_reason": reason, "deactivation_reason": "Оновлення переліку", "is_active": true,
	}))
	for _, c := range []struct {
		code, system string
		active       bool
	}{{"F20.0", icd, true}, {"P72", icpc, true}, {"F32.0", icd, false}} {
		w.Insert("prm.forbidden_group_codes", w.Audited(build.Row{
			"id": build.ID(c.code + " of the forbidden group"), "forbidden_group_id": build.ID("forbidden group"),
			"code": c.code, "system": c.system, "creation_reason": reason, "is_active": c.active,
		}))
	}
	contains(w, "service_id", service(w, "forbidden service", "96175-00", "Оцінка психічного стану"), true)
	contains(w, "service_group_id", group(w, "forbidden group of services", "A59010", "Психіатрична допомога"), true)
	w.Insert("prm.service_inclusions", w.Audited(build.Row{
		"id":         build.ID("inclusion in a forbidden group of services"),
		"service_id": service(w, "service of a forbidden group", "96076-00", "Психотерапія"), "service_group_id": build.ID("forbidden group of services"),
		"is_active": true,
	}))
	contains(w, "service_id", service(w, "service once forbidden", "96001-00", "Психологічне консультування"), false)
	approvals.AddVerified(w, "approval of the forbidden group", "former_patient", "lets the hospital's doctor see what the group hides",
		"hospital_doctor", document.To("forbidden_group", build.ID("forbidden group")))
	list(w)
	get(w)
}

func contains(w *build.World, column string, id uuid.UUID, active bool) {
	w.Insert("prm.forbidden_group_services", w.Audited(build.Row{
		"id": build.ID("entry of " + id.String()), "forbidden_group_id": build.ID("forbidden group"),
		column: id, "creation_reason": reason, "is_active": active,
	}))
}

func service(w *build.World, name, code, title string) uuid.UUID {
	id := w.Object("service", name, title)
	w.Insert("prm.services", w.Audited(build.Row{
		"id": id, "code": code, "name": title, "category": "diagnostic_procedure", "is_active": true, "request_allowed": true,
	}))
	return id
}

func group(w *build.World, name, code, title string) uuid.UUID {
	id := w.Object("service group", name, title)
	w.Insert("prm.service_groups", w.Audited(build.Row{"id": id, "code": code, "name": title, "is_active": true, "request_allowed": true}))
	return id
}

func list(w *build.World) {
	const op = "listForbiddenGroups"
	by := func(query url.Values) build.Request { return build.Get("", "/api/forbidden_groups?"+query.Encode()) }
	w.Passes(op, "forbidden groups by name", by(url.Values{"name": {"ПСИХІЧНЕ"}}), http.StatusOK)
	w.Passes(op, "all forbidden groups in use", by(nil), http.StatusOK)
	w.Passes(op, "a page of forbidden groups past the end", by(url.Values{"page": {"100"}}), http.StatusOK)
}

func get(w *build.World) {
	const op = "getForbiddenGroup"
	of := func(id string) build.Request { return build.Get("", "/api/forbidden_groups/"+id) }
	w.Passes(op, "a forbidden group with codes and services", of(build.ID("forbidden group").String()), http.StatusOK)
	w.Passes(op, "a forbidden group without contents", of(build.ID("forbidden group without contents").String()), http.StatusOK)
	missing := fault.Refuse(rules.ForbiddenGroupGetNotFound)
	w.Refused(op, "a forbidden group that was never stored", of(build.ID("nobody").String()), missing)
	w.Refused(op, "a forbidden group with is_active = false", of(build.ID("former forbidden group").String()), missing)
	w.Refused(op, "a malformed id of a forbidden group", of("1"), missing)
}
