// Package devicedispenses holds the medical devices that pharmacies hand out to
// patients.
package devicedispenses

import (
	"context"

	"github.com/google/uuid"

	"esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/media"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/medicalevents"
)

// API serves the operations of the resource.
type API struct {
	Engine       *operation.Engine
	Programs     devicerequests.Programs
	People       People
	Dictionaries medicalevents.Dictionaries
	Media        *media.Store
}

// People tells of callers.
type People interface {
	// Employees returns the employees that a user is in the legal entity of the token.
	Employees(ctx context.Context, by auth.Subject) ([]uuid.UUID, error)
}

type call = operation.Call[*API, Document, operation.NoBody]

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		Create.Operation(a.Engine, a), Complete.Operation(a.Engine, a), Stop.Operation(a.Engine, a), MarkInError.Operation(a.Engine, a),
		Get.Operation(), Context.Operation(), List.Operation(),
		{ID: searchID, Rules: operation.RulesOf(searchChecks)},
	}
}
