// Package diagnosesgroups holds the groups of diagnoses, a catalogue that the National
// Health Service keeps. It is public: no token is wanted.
package diagnosesgroups

import "esoz/internal/operation"

// API serves the operations of the resource.
type API struct {
	Engine *operation.Engine
	Store  Store
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		{ID: "listDiagnosesGroups"}, // any text is a filter
		{ID: "getDiagnosesGroup", Rules: operation.RulesOf(getChecks), Reads: table},
	}
}
