// Package servicerequests holds the referrals that doctors give to patients.
package servicerequests

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
	Engine       *operation.Engine
	Pool         *pgxpool.Pool
	People       People
	Records      Records
	Dictionaries medicalevents.Dictionaries
	Media        *media.Store
	Outbox       *sms.Outbox
}

// People tells of patients and of callers.
type People interface {
	// Confirmations returns the ways in which a person confirms now, the default one first.
	Confirmations(ctx context.Context, person uuid.UUID) ([]medicalevents.Confirmation, error)
	// Method returns an authentication method, nil when there is none.
	Method(ctx context.Context, id uuid.UUID) (*medicalevents.Method, error)
	// Identities returns what a search shows of patients.
	Identities(ctx context.Context, patients []uuid.UUID) (map[uuid.UUID]medicalevents.Identity, error)
	// Employees returns the employees that a user is in the legal entity of the token.
	Employees(ctx context.Context, by auth.Subject) ([]uuid.UUID, error)
	// MayWrite tells whether an effective approval lets the caller change one of the resources.
	MayWrite(ctx context.Context, by auth.Subject, patient operation.Person, kind string, ids []uuid.UUID) (bool, error)
}

// Records are the medical records of patients.
type Records interface {
	// CarryOut tells whether one of a patient's records carries out a referral.
	CarryOut(ctx context.Context, patient []string, referral uuid.UUID) (bool, error)
}

type call = operation.Call[*API, Document, operation.NoBody]

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		Create.Operation(a.Engine, a),
		PreQualify.Operation(a.Engine, a),
		Release.Operation(a.Engine, a),
		Use.Operation(a.Engine, a),
		Process.Operation(a.Engine, a),
		Complete.Operation(a.Engine, a),
		Qualify.Operation(a.Engine, a),
		Resend.Operation(a.Engine, a),
		Recall.Operation(a.Engine, a),
		Cancel.Operation(a.Engine, a),
		Get.Operation(),
		GetOfEpisode.Operation(),
		List.Operation(),
		ListOfEpisode.Operation(),
		{ID: searchID, Rules: operation.RulesOf(searchChecks)},
		{ID: specimenListID, Rules: operation.RulesOf(specimenChecks)},
	}
}
