// Package episodes holds the episodes of care: what patients are treated for.
package episodes

import (
	"esoz/internal/operation"
	"esoz/internal/platform/validation"
)

// API serves the operations of the resource.
type API struct {
	Engine       *operation.Engine
	Dictionaries validation.Dictionaries
	Employees    Employees
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		Create.Operation(a.Engine, a),
		Get.Operation(),
		List.Operation(),
		ListShort.Operation(),
		ListApproved.Operation(),
		Update.Operation(a.Engine, a),
		Close.Operation(a.Engine, a),
		Cancel.Operation(a.Engine, a),
	}
}
