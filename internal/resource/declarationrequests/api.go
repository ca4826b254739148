// Package declarations holds the requests for declarations between patients
// and doctors: Resend Authorization OTP on Declaration Request and the reads.
package declarationrequests

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/internal/platform/config"
	"esoz/internal/platform/otp"
)

// API serves the operations of the resource.
type API struct {
	store  store
	config *config.Live
	codes  *otp.Service
}

// New wires the resource.
func New(pool *pgxpool.Pool, cfg *config.Live, codes *otp.Service) *API {
	return &API{store: store{pool}, config: cfg, codes: codes}
}
