// Package events serves what the Event Manager tells of changes.
package events

import "esoz/internal/operation"

// API serves the operations of the resource.
type API struct {
	Engine *operation.Engine
	Store  Store
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		{ID: "listEvents", Rules: operation.RulesOf(listChecks)},
		{ID: "getEvent", Rules: operation.RulesOf(getChecks)},
	}
}
