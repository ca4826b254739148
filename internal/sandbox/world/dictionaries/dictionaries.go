// Package dictionaries has a dictionary with levels and cases about all of them.
package dictionaries

import (
	"net/http"
	"net/url"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

// Add adds the dictionary and the cases.
func Add(w *build.World) {
	addClassifier(w)
	list := func(query url.Values) build.Request { return build.Get("", "/api/dictionaries?"+query.Encode()) }
	w.Passes("listDictionaries", "two dictionaries", list(url.Values{"name": {"DIVISION_TYPE,ADDRESS_TYPE"}, "is_active": {"true"}}), http.StatusOK)
	w.Refused("listDictionaries", "is_active is neither true nor false", list(url.Values{"is_active": {"maybe"}}), fault.Refuse(rules.DictionaryListIsActive))

	const op = "listDictionariesV2"
	v2 := func(query url.Values) build.Request { return build.Get("", "/api/v2/dictionaries?"+query.Encode()) }
	w.Passes(op, "a classifier with values under values", v2(url.Values{"name": {classifier}}), http.StatusOK)
	w.Passes(op, "values by a part of their text", v2(url.Values{"name": {"STREET_TYPE"}, "value_description": {"вул"}}), http.StatusOK)
	w.Passes(op, "values out of use", v2(url.Values{"value_is_active": {"false"}}), http.StatusOK)
	w.Refused(op, "is_active is neither true nor false", v2(url.Values{"is_active": {"maybe"}}), fault.Refuse(rules.DictionaryListV2IsActive))
	w.Refused(op, "value_is_active is neither true nor false", v2(url.Values{"value_is_active": {"maybe"}}), fault.Refuse(rules.DictionaryListV2ValueIsActive))
}

const classifier = "eHealth/ICF/classifiers"

// addClassifier adds a dictionary with levels, which the built-in ones do not
// have: the example of the blueprint, with a value out of use.
func addClassifier(w *build.World) {
	id := w.Object("dictionary", classifier, "has values under values; b11428 is out of use")
	w.Insert("prm.dictionaries", w.Audited(build.Row{
		"id": id, "name": classifier, "description": "Класифікатори МКФ", "labels": []string{"SYSTEM", "EXTERNAL"}, "is_active": true,
	}))
	parent := build.ID(classifier + " b1142")
	for _, v := range []struct {
		code, description string
		parent            any
		isActive          bool
	}{
		{"b1142", "Орієнтація в особі", nil, true},
		{"b11428", "Орієнтація в особі, інша уточнена", parent, false},
		{"b11429", "Орієнтація в особі неуточнена", parent, true},
	} {
		w.Insert("prm.dictionary_values", w.Audited(build.Row{
			"id": build.ID(classifier + " " + v.code), "dictionary_id": id, "code": v.code, "description": v.description,
			"parent_id": v.parent, "is_active": v.isActive,
		}))
	}
}
