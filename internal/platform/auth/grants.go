package auth

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"esoz/gen/db"
)

//go:embed scopes.json
var scopesJSON []byte

// Grants are lists of scopes, separated by spaces, by name.
type Grants struct {
	Roles       map[string]string `json:"roles"`        // what a role of a user gives
	ClientTypes map[string]string `json:"client_types"` // what clients of a type of legal entity may ask for
}

// KnownGrants are those that live clients of 2026 ask for, and what the operations
// here want besides. The national system publishes no such lists.
func KnownGrants() (g Grants, err error) {
	if err := json.Unmarshal(scopesJSON, &g); err != nil {
		return Grants{}, fmt.Errorf("read scopes.json: %w", err)
	}
	return g, nil
}

// SeedGrants adds the known roles and client types that the database does not have. Those
// that it has stay as they are.
func SeedGrants(ctx context.Context, tx db.DBTX, now time.Time) error {
	grants, err := KnownGrants()
	if err != nil {
		return err
	}
	for name, scope := range grants.Roles {
		if err := db.New().SeedRole(ctx, tx, db.SeedRoleParams{ID: uuid.New(), Name: name, Scope: scope, At: now}); err != nil {
			return fmt.Errorf("add role %s: %w", name, err)
		}
	}
	for name, scope := range grants.ClientTypes {
		if err := db.New().SeedClientType(ctx, tx, db.SeedClientTypeParams{ID: uuid.New(), Name: name, Scope: scope, At: now}); err != nil {
			return fmt.Errorf("add client type %s: %w", name, err)
		}
	}
	return nil
}
