// Package servicerequests holds the referrals that doctors give to patients.
package servicerequests

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/internal/operation"
	"esoz/internal/resource/medicalevents"
)

// API serves the operations of the resource.
type API struct {
	Engine     *operation.Engine
	Pool       *pgxpool.Pool
	Identities Identities
}

// Identities tells what a search shows of patients.
type Identities interface {
	Identities(ctx context.Context, patients []uuid.UUID) (map[uuid.UUID]medicalevents.Identity, error)
}

type call = operation.Call[*API, Document, operation.NoBody]

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		Release.Operation(a.Engine, a),
		Use.Operation(a.Engine, a),
		Process.Operation(a.Engine, a),
		Complete.Operation(a.Engine, a),
		Get.Operation(),
		{ID: searchID, Rules: operation.RulesOf(searchChecks)},
	}
}
