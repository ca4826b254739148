package persons

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"esoz/gen/db"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/postgres"
)

// Identity is what a search shows of a patient so that two of them can be told
// apart : the last name in full,
// the initials of the others.
type Identity struct {
	LastName   string
	FirstName  string  // initial with a dot
	SecondName *string // initial with a dot
	Gender     string
	BirthDate  time.Time
}

// Identity returns the identities of the persons that the master index knows;
// prepersons have none.
func (s *Store) Identity(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]Identity, error) {
	rows, err := db.New().ListPersons(ctx, s.Pool, ids)
	if err != nil {
		return nil, fmt.Errorf("look up persons: %w", postgres.Error(err))
	}
	found := make(map[uuid.UUID]Identity, len(rows))
	for _, row := range rows {
		identity := Identity{
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

// Age counts the full years that the person had on the day of a moment. Who was
// born on 29 February turns older on 1 March of a common year.
func (i Identity) Age(at time.Time) int {
	born, today := i.BirthDate, at.In(clock.Kyiv)
	years := today.Year() - born.Year()
	if today.Month() < born.Month() || today.Month() == born.Month() && today.Day() < born.Day() {
		years--
	}
	return years
}
