// Package diagnosesgroups has groups of diagnoses. Those of the approvals stand in the
// world's package approvals.
package diagnosesgroups

import (
	"net/http"
	"net/url"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

// Dictionaries of diagnoses.
const (
	icd  = "eHealth/ICD10_AM/condition_codes"
	icpc = "eHealth/ICPC2/condition_codes"
)

// Add adds the groups and the cases.
func Add(w *build.World) {
	group(w, "group of dementia", "active, with a description", "H00", "Деменція", new("Хвороба Альцгеймера та подібні стани"))
	for _, c := range []struct {
		group, code, system string
		active              bool
	}{
		{"group of dementia", "G30.9", icd, true},
		{"group of dementia", "P70", icpc, true},
		{"group of dementia", "H04.2", icd, false},
		{"group of diagnoses", "E11.9", icd, true},
		{"group of diagnoses", "T90", icpc, true},
		{"former group of diagnoses", "X85", icd, true},
	} {
		w.Insert("prm.diagnoses_group_codes", w.Audited(build.Row{
			"id": build.ID(c.code + " of " + c.group), "diagnoses_group_id": build.ID(c.group), "code": c.code, "system": c.system, "is_active": c.active,
		}))
	}
	list(w)
	get(w)
}

func group(w *build.World, name, note, code, title string, description *string) {
	w.Insert("prm.diagnoses_groups", w.Audited(build.Row{
		"id": w.Object("group of diagnoses", name, note), "code": code, "name": title, "description": description, "is_active": true,
	}))
}

func list(w *build.World) {
	const op = "listDiagnosesGroups"
	by := func(query url.Values) build.Request { return build.Get("", "/api/diagnoses_groups?"+query.Encode()) }
	w.Passes(op, "groups by all filters", by(url.Values{
		"diagnoses_group_name": {"ДЕМЕНЦ"}, "diagnoses_group_code": {"H00"}, "diagnosis_name": {"альцгеймер"}, "diagnosis_code": {"G30.9"},
	}), http.StatusOK)
	w.Passes(op, "all groups in use", by(nil), http.StatusOK)
	w.Passes(op, "a diagnosis that was taken out finds no group", by(url.Values{"diagnosis_code": {"H04.2"}}), http.StatusOK)
	w.Passes(op, "a page of groups past the end", by(url.Values{"page": {"100"}}), http.StatusOK)
}

func get(w *build.World) {
	const op = "getDiagnosesGroup"
	of := func(id string) build.Request { return build.Get("", "/api/diagnoses_groups/"+id) }
	w.Passes(op, "a group with diagnoses", of(build.ID("group of dementia").String()), http.StatusOK)
	w.Passes(op, "a group without a description", of(build.ID("group of diagnoses").String()), http.StatusOK)
	missing := fault.Refuse(rules.DiagnosesGroupGetNotFound)
	w.Refused(op, "a group that was never stored", of(build.ID("nobody").String()), missing)
	w.Refused(op, "a group with is_active = false", of(build.ID("former group of diagnoses").String()), missing)
	w.Refused(op, "a malformed id of a group of diagnoses", of("1"), missing)
}
