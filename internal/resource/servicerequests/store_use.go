package servicerequests

import (
	"context"
	"fmt"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
)

// lookUp asks the register about what a use names, in one round trip.
func (a *API) lookUp(ctx context.Context, p db.GetServiceRequestUseParams) (register, error) {
	found, err := db.New().GetServiceRequestUse(ctx, a.Pool, p)
	if err != nil {
		return register{}, fmt.Errorf("look up program, employee and division: %w", postgres.Error(err))
	}
	return register{found}, nil
}
