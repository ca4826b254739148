// Package servicerequests holds the referrals that doctors give to patients.
package servicerequests

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/internal/operation"
	"esoz/internal/platform/sms"
)

// API serves the operations of the resource.
type API struct {
	Engine *operation.Engine
	Pool   *pgxpool.Pool
	People People
	Outbox *sms.Outbox
}

type call = operation.Call[*API, Document, operation.NoBody]

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		Release.Operation(a.Engine, a),
		Use.Operation(a.Engine, a),
		Process.Operation(a.Engine, a),
		Complete.Operation(a.Engine, a),
		Qualify.Operation(a.Engine, a),
		Resend.Operation(a.Engine, a),
		Get.Operation(),
		{ID: searchID, Rules: operation.RulesOf(searchChecks)},
	}
}
