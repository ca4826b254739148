// Package episodes holds the episodes of care: what patients are treated for.
package episodes

import (
	"context"

	"github.com/google/uuid"

	"esoz/internal/operation"
	"esoz/internal/platform/validation"
	"esoz/internal/resource/medicalevents"
)

// API serves the operations of the resource.
type API struct {
	Engine       *operation.Engine
	Dictionaries validation.Dictionaries
	Employees    Employees
	Groups       Groups
}

// Groups knows the groups of diagnoses.
type Groups interface {
	// Diagnoses returns the active diagnoses of those of the groups that are active.
	Diagnoses(ctx context.Context, groups ...uuid.UUID) ([]medicalevents.Coding, error)
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		Create.Operation(a.Engine, a),
		Get.Operation(),
		List.Operation(),
		ListShort.Operation(),
		ListApproved.Operation(),
		ListOfDiagnosesGroups.Operation(),
		Update.Operation(a.Engine, a),
		Close.Operation(a.Engine, a),
		Cancel.Operation(a.Engine, a),
	}
}
