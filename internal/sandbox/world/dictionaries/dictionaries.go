// Package dictionaries has cases about the built-in dictionaries.
package dictionaries

import (
	"net/http"
	"net/url"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

// Add adds the cases.
func Add(w *build.World) {
	list := func(query url.Values) build.Request { return build.Get("", "/api/dictionaries?"+query.Encode()) }
	w.Passes("listDictionaries", "two dictionaries", list(url.Values{"name": {"DIVISION_TYPE,ADDRESS_TYPE"}, "is_active": {"true"}}), http.StatusOK)
	w.Refused("listDictionaries", "is_active is neither true nor false", list(url.Values{"is_active": {"maybe"}}), fault.Refuse(rules.DictionaryListIsActive))

	const op = "listDictionariesV2"
	v2 := func(query url.Values) build.Request { return build.Get("", "/api/v2/dictionaries?"+query.Encode()) }
	w.Passes(op, "a classifier with values under values", v2(url.Values{"name": {classifier}}), http.StatusOK)
	w.Passes(op, "a dictionary without public values", v2(url.Values{"name": {"eHealth/assistive_devices"}}), http.StatusOK)
	w.Passes(op, "values by a part of their text", v2(url.Values{"name": {"STREET_TYPE"}, "value_description": {"вул"}}), http.StatusOK)
	w.Passes(op, "values out of use", v2(url.Values{"value_is_active": {"false"}}), http.StatusOK)
	w.Refused(op, "is_active is neither true nor false", v2(url.Values{"is_active": {"maybe"}}), fault.Refuse(rules.DictionaryListV2IsActive))
	w.Refused(op, "value_is_active is neither true nor false", v2(url.Values{"value_is_active": {"maybe"}}), fault.Refuse(rules.DictionaryListV2ValueIsActive))
}

// classifier has levels, and a value out of use.
const classifier = "eHealth/ICF/classifiers"
