// Package references looks up what the bodies of medical events refer to. A kind is an
// entry of a table; the checks of a reference are those of operation.Reference.
package references

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/db"
	"esoz/internal/operation"
	"esoz/internal/platform/postgres"
)

// Store looks objects up.
type Store struct{ Pool *pgxpool.Pool }

// finder looks an object of one kind up.
type finder func(ctx context.Context, s Store, id uuid.UUID) (operation.Referent, error)

// kinds by the code of their references.
var kinds = map[string]finder{
	"employee":     employee,
	"legal_entity": legalEntity,
}

// Referent implements operation.Referents.
func (s Store) Referent(ctx context.Context, kind string, id uuid.UUID) (operation.Referent, error) {
	find := kinds[kind]
	if find == nil {
		return operation.Referent{}, fmt.Errorf("references to %s cannot be looked up", kind)
	}
	found, err := find(ctx, s, id)
	if err = postgres.Error(err); err != nil {
		return operation.Referent{}, fmt.Errorf("look up %s: %w", kind, err)
	}
	return found, nil
}

var _ operation.Referents = Store{}

func employee(ctx context.Context, s Store, id uuid.UUID) (operation.Referent, error) {
	row, err := db.New().GetReferredEmployee(ctx, s.Pool, id)
	if err != nil {
		return operation.Referent{}, err
	}
	name := row.FirstName + " " + row.LastName
	if row.SecondName != nil && *row.SecondName != "" {
		name = strings.Join([]string{row.FirstName, *row.SecondName, row.LastName}, " ")
	}
	return operation.Referent{Status: row.Status, Type: row.EmployeeType, LegalEntity: row.LegalEntityID, Display: &name}, nil
}

func legalEntity(ctx context.Context, s Store, id uuid.UUID) (operation.Referent, error) {
	row, err := db.New().GetReferredLegalEntity(ctx, s.Pool, id)
	if err != nil {
		return operation.Referent{}, err
	}
	return operation.Referent{Status: row.Status, Type: row.Type, LegalEntity: id, Display: row.PublicName}, nil
}
