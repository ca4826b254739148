// Package encounterpackages holds what doctors sign of an encounter: the encounter itself,
// and the conditions, observations, diagnostic reports, procedures, vaccinations, allergies
// and risks that it has brought to light. They are stored together or not at all.
package encounterpackages

import (
	"context"

	"github.com/google/uuid"

	"esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/media"
	"esoz/internal/platform/validation"
)

// API serves the operations of the resource.
type API struct {
	Engine       *operation.Engine
	Dictionaries validation.Dictionaries
	People       People
	Media        *media.Store
}

// People tells of callers.
type People interface {
	// Employees returns the employees that a user is in the legal entity of the token.
	Employees(ctx context.Context, by auth.Subject) ([]uuid.UUID, error)
	// IsEmployee tells whether a user is an employee of a type there.
	IsEmployee(ctx context.Context, by auth.Subject, employeeType string) (bool, error)
	// MayWrite tells whether an effective approval lets the caller change one of the resources.
	MayWrite(ctx context.Context, by auth.Subject, patient operation.Person, kind string, ids []uuid.UUID) (bool, error)
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{Submit.Operation(a.Engine, a), Cancel.Operation(a.Engine, a)}
}
