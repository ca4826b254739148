// Package healthcareservices holds what the divisions of legal entities provide.
package healthcareservices

import "esoz/internal/operation"

// API serves the operations of the resource.
type API struct {
	Engine *operation.Engine
	Store  Store
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		{ID: "listHealthcareServices", Rules: operation.RulesOf(listChecks)},
		{ID: "getHealthcareService", Rules: operation.RulesOf(getChecks), Reads: table},
	}
}
