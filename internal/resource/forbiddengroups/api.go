// Package forbiddengroups holds the forbidden groups, a catalogue that the National Health
// Service keeps: diagnoses and services that show more of a patient than others. It is
// public: no token is wanted.
package forbiddengroups

import "esoz/internal/operation"

// API serves the operations of the resource.
type API struct {
	Engine *operation.Engine
	Store  Store
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		{ID: "listForbiddenGroups"}, // any text is a filter
		{ID: "getForbiddenGroup", Rules: operation.RulesOf(getChecks), Reads: table},
	}
}
