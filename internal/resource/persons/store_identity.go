package persons

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/google/uuid"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/medicalevents"
)

// Identities returns the identities of the persons that the master index knows;
// prepersons have none.
func (s *Store) Identities(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]medicalevents.Identity, error) {
	rows, err := db.New().ListPersons(ctx, s.Pool, ids)
	if err != nil {
		return nil, fmt.Errorf("look up persons: %w", postgres.Error(err))
	}
	found := make(map[uuid.UUID]medicalevents.Identity, len(rows))
	for _, row := range rows {
		identity := medicalevents.Identity{
			LastName: row.LastName, FirstName: initial(row.FirstName), Gender: row.Gender, BirthDate: row.BirthDate,
		}
		if row.SecondName != nil && *row.SecondName != "" {
			second := initial(*row.SecondName)
			identity.SecondName = &second
		}
		found[row.ID] = identity
	}
	return found, nil
}

func initial(name string) string {
	if name == "" {
		return ""
	}
	first, _ := utf8.DecodeRuneInString(name)
	return string(first) + "."
}
