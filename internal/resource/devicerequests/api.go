// Package devicerequests holds the prescriptions of medical devices that doctors give to
// patients.
package devicerequests

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/media"
	"esoz/internal/platform/sms"
	"esoz/internal/resource/medicalevents"
)

// API serves the operations of the resource.
type API struct {
	Engine *operation.Engine
	Pool   *pgxpool.Pool
	People People
	Outbox *sms.Outbox

	Dictionaries medicalevents.Dictionaries
	Media        *media.Store
}

// People answers what device requests ask about patients and callers.
type People interface {
	// Identities returns what a search shows of patients.
	Identities(ctx context.Context, patients []uuid.UUID) (map[uuid.UUID]medicalevents.Identity, error)
	// Confirmations returns the ways in which a person confirms now, the default one first.
	Confirmations(ctx context.Context, person uuid.UUID) ([]medicalevents.Confirmation, error)
	// Method returns an authentication method, nil when there is none.
	Method(ctx context.Context, id uuid.UUID) (*medicalevents.Method, error)
	// Employees returns the employees that a user is in the legal entity of the token.
	Employees(ctx context.Context, by auth.Subject) ([]uuid.UUID, error)
	// MayWrite tells whether an effective approval lets the caller change one of the resources.
	MayWrite(ctx context.Context, by auth.Subject, patient operation.Person, kind string, ids []uuid.UUID) (bool, error)
	// IsEmployee tells whether one of them is of a type.
	IsEmployee(ctx context.Context, by auth.Subject, employeeType string) (bool, error)
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		Create.Operation(a.Engine, a), PreQualify.Operation(a.Engine, a),
		Complete.Operation(a.Engine, a), Qualify.Operation(a.Engine, a),
		Revoke.Operation(a.Engine, a), MarkInError.Operation(a.Engine, a),
		Get.Operation(), List.Operation(), Context.Operation(),
		{ID: resendID, Rules: operation.RulesOf(resendChecks), Handler: a.carryOutResend, Still: true},
		{ID: searchID, Rules: operation.RulesOf(searchChecks)},
	}
}
