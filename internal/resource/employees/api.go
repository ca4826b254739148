// Package employees holds the people who work for legal entities.
package employees

import (
	"context"
	"time"

	"github.com/google/uuid"

	"esoz/internal/operation"
	"esoz/internal/platform/postgres"
)

// API serves the operations of the resource.
type API struct {
	Engine *operation.Engine
	Store  Store
}

// Declarations end with the work of their doctor.
type Declarations interface {
	EndOfEmployee(ctx context.Context, tx postgres.Tx, employee, user uuid.UUID, at time.Time) error
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		{ID: "listEmployees", Rules: operation.RulesOf(listChecks)},
		{ID: "getEmployee", Rules: operation.RulesOf(getChecks), Reads: table},
		{ID: "listEmployeeRoles", Rules: operation.RulesOf(roleListChecks)},
		{ID: "getEmployeeRole", Rules: operation.RulesOf(roleGetChecks), Reads: roles},
		{ID: "listEmployeeRequests", Rules: operation.RulesOf(requestListChecks)},
		{ID: "getEmployeeRequest", Rules: operation.RulesOf(requestGetChecks), Reads: requests},
		Deactivate.Operation(a.Engine, a.read),
	}
}
