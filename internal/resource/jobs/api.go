// Package jobs shows how asynchronous operations go.
package jobs

import "esoz/internal/operation"

// API serves the operation of the resource.
type API struct {
	Engine *operation.Engine
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{{ID: "getJob", Rules: operation.RulesOf(getChecks)}}
}
