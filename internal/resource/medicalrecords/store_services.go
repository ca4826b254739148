package medicalrecords

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/db"
	"esoz/internal/operation"
	"esoz/internal/platform/postgres"
)

// ServiceGroups reads prm.service_groups.
type ServiceGroups struct{ Pool *pgxpool.Pool }

// services returns the services that active groups include.
func (g ServiceGroups) services(ctx context.Context, groups []uuid.UUID) ([]uuid.UUID, error) {
	found, err := db.New().ListServicesOfGroups(ctx, g.Pool, groups)
	if err != nil {
		return nil, fmt.Errorf("look up services of groups: %w", postgres.Error(err))
	}
	return found, nil
}

// opened returns a look-up for Filters.Among: the services of the groups that effective
// approvals name, and of them only the asked one, if it is not nil (decisions R41).
func (g ServiceGroups) opened(asked *uuid.UUID) func(ctx context.Context, s *operation.Listing) ([]uuid.UUID, error) {
	return func(ctx context.Context, s *operation.Listing) ([]uuid.UUID, error) {
		groups, err := s.Granted(ctx, "service_group", asked)
		if err != nil || len(groups) == 0 {
			return nil, err
		}
		return g.services(ctx, groups)
	}
}
