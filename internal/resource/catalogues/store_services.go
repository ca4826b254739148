package catalogues

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/versioned"
)

// Services is the catalogue of services in memory.
type Services = versioned.Copy[catalogue]

// servicesName is the row of prm.cache_versions that tells of changed services.
const servicesName = "services"

// NewServices prepares an empty catalogue; Refresh fills it.
func NewServices(pool *pgxpool.Pool) *Services {
	return versioned.New(pool, servicesName, readCatalogue)
}

// ServicesChanged makes every process load the services anew. It belongs in the
// transaction of the change.
func ServicesChanged(ctx context.Context, tx pgx.Tx, at time.Time) error {
	return versioned.Changed(ctx, tx, servicesName, at)
}

func readCatalogue(ctx context.Context, tx pgx.Tx) (*catalogue, error) {
	groups, err := db.New().ListServiceGroups(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("list groups of services: %w", postgres.Error(err))
	}
	included, err := db.New().ListCatalogue(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("list services of groups: %w", postgres.Error(err))
	}
	return newCatalogue(groups, included)
}
