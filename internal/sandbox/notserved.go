package sandbox

import (
	"net/http"

	"esoz/internal/platform/fault"
	"esoz/internal/reference/blueprint"
)

// blueprints are their names by file.
var blueprints = map[string]string{"general.apib": "General MIS API", "medical-events.apib": "Medical events MIS API"}

// notServed says of a request that the national system documents its operation and this sandbox does not have it: a
// client's author then need not look for a mistake of their own (decisions R32).
func notServed(method, path string) (refusal *fault.Error, hint string) {
	op, ok := blueprint.Find(method, path)
	if !ok {
		return nil, ""
	}
	return &fault.Error{
		Status: http.StatusNotImplemented, Type: "not_implemented",
		Message: "Documented in " + blueprints[op.Document] + " but not part of this sandbox",
	}, op.Source() + ", " + op.Title
}
