// Package devicedispenses holds the medical devices that pharmacies hand out to
// patients.
package devicedispenses

import "esoz/internal/operation"

// API serves the operations of the resource.
type API struct {
	Engine *operation.Engine
}

type call = operation.Call[*API, Document, operation.NoBody]

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		Stop.Operation(a.Engine, a), Get.Operation(), Context.Operation(), List.Operation(),
		{ID: searchID, Rules: operation.RulesOf(searchChecks)},
	}
}
