// Package approvals holds the approvals that patients give to their medical
// data.
package approvals

import (
	"context"
	"time"

	"github.com/google/uuid"

	"esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/otp"
	"esoz/internal/resource/medicalevents"
)

// API serves the operations of the resource.
type API struct {
	Engine *operation.Engine
	Codes  *otp.Service
	People People
}

// People answers what approvals ask about patients and callers.
type People interface {
	// HasChosen reports whether the person has an active declaration with one of
	// the employees.
	HasChosen(ctx context.Context, person uuid.UUID, employees []uuid.UUID) (bool, error)
	// Employees returns the ids of the employees that the caller is.
	Employees(ctx context.Context, by auth.Subject) ([]uuid.UUID, error)
	// Method returns an authentication method, nil when there is none.
	Method(ctx context.Context, id uuid.UUID) (*medicalevents.Method, error)
	// Confirmations returns the ways in which a person confirms now, the default one first.
	Confirmations(ctx context.Context, person uuid.UUID) ([]medicalevents.Confirmation, error)
	// IsPreperson reports whether the master index does not know a patient.
	IsPreperson(ctx context.Context, patient uuid.UUID) (bool, error)
	// ForbiddenGroups returns the active forbidden groups that name one of the items.
	ForbiddenGroups(ctx context.Context, of operation.Items) ([]uuid.UUID, error)
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		Create.Operation(a.Engine, a), verification.operation(a), cancellation.operation(a),
		{ID: resendID, Rules: operation.RulesOf(resendChecks), Handler: a.carryOutResend},
		{ID: "getApproval", Rules: operation.RulesOf(getChecks)},
		{ID: "listApprovals", Rules: operation.RulesOf(listChecks)},
	}
}

// DeleteUnverified removes approvals that nobody verified within
// APPROVAL_TTL_HOURS (APPROVALS_CLEANUP_SCHEDULE).
func (a *API) DeleteUnverified(ctx context.Context) error {
	age := time.Duration(a.Engine.Config.Get().ApprovalTTLHours) * time.Hour
	return a.store().deleteUnverified(ctx, a.Engine.Clock.Now().Add(-age))
}

// call is one call of an operation on an approval.
type call struct {
	operation.Caller
	*API
	path     operation.Path
	patient  operation.Person
	approval *Document
	stored   mongodb.Document      // the same, as it lies there; Verify and Cancel read it
	chosen   *medicalevents.Method // that authorize_with names; nil: it names none, or one that is gone

	code         any        // of the body of Verify
	verification *uuid.UUID // that a right code has
}

func (a *API) call(ctx context.Context, path operation.Path) *call {
	return &call{Caller: a.Engine.Caller(ctx), API: a, path: path}
}

// patientExists passes when the patient of the path exists.
func patientExists(ctx context.Context, c *call) (err error) {
	c.patient, err = c.Engine.People.Patient(ctx, c.path.Patient)
	return err
}

// approvalExists passes when the approval exists and is the patient's. A
// malformed id is not found (decisions R12).
func approvalExists(ctx context.Context, c *call) (err error) {
	id, ok := envelope.ParseID(c.path.ID)
	if !ok {
		return fault.ErrNotFound
	}
	c.approval, err = c.store().get(ctx, c.patient.Hidden, id)
	return err
}

// visible returns the ids of which an approval must be granted to one, so that
// the caller sees it: the caller's employees and legal entity. It returns nil, and
// the caller sees all, when the patient has chosen one of the employees as their
// doctor (decisions R26).
func (a *API) visible(ctx context.Context, by *operation.Caller, patient operation.Person) ([]uuid.UUID, error) {
	employees, err := a.People.Employees(ctx, by.Subject)
	if err != nil {
		return nil, err
	}
	chosen, err := a.People.HasChosen(ctx, patient.ID, employees)
	if err != nil || chosen {
		return nil, err
	}
	return append(employees, by.ClientID), nil
}
