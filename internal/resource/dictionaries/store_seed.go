package dictionaries

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.yaml.in/yaml/v3"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
)

//go:embed builtin.yaml
var builtin []byte

// namespace of the ids of built-in dictionaries and values.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://esoz/dictionaries"))

// definition is a dictionary of builtin.yaml.
type definition struct {
	Name        string
	Description string
	Values      []struct{ Code, Description string }
}

func definitions() ([]definition, error) {
	var all []definition
	if err := yaml.Unmarshal(builtin, &all); err != nil {
		return nil, fmt.Errorf("read the built-in dictionaries: %w", err)
	}
	return all, nil
}

// Seed writes the built-in dictionaries in the name of by. What others have
// added or changed since stays.
func Seed(ctx context.Context, tx pgx.Tx, at time.Time, by uuid.UUID) error {
	all, err := definitions()
	if err != nil {
		return err
	}
	q, isChanged := db.New(), false
	for _, d := range all {
		dictionary, err := q.UpsertDictionary(ctx, tx, db.UpsertDictionaryParams{
			ID: uuid.NewSHA1(namespace, []byte(d.Name)), Name: d.Name, Description: d.Description,
			Labels: []string{"SYSTEM", "EXTERNAL"}, UserID: by, At: at,
		})
		if err != nil {
			return fmt.Errorf("write dictionary %s: %w", d.Name, postgres.Error(err))
		}
		values := db.UpsertDictionaryValuesParams{DictionaryID: dictionary.ID, UserID: by, At: at}
		for _, v := range d.Values {
			values.IDs = append(values.IDs, uuid.NewSHA1(dictionary.ID, []byte(v.Code)))
			values.Codes, values.Descriptions = append(values.Codes, v.Code), append(values.Descriptions, v.Description)
		}
		changed, err := q.UpsertDictionaryValues(ctx, tx, values)
		if err != nil {
			return fmt.Errorf("write the values of dictionary %s: %w", d.Name, postgres.Error(err))
		}
		isChanged = isChanged || dictionary.Changed || changed > 0
	}
	if !isChanged {
		return nil
	}
	return Changed(ctx, tx, at)
}

// Changed makes every process load the dictionaries anew. It belongs in the
// transaction of the change.
func Changed(ctx context.Context, tx pgx.Tx, at time.Time) error {
	if _, err := db.New().BumpCacheVersion(ctx, tx, db.BumpCacheVersionParams{Name: cacheName, At: at}); err != nil {
		return fmt.Errorf("raise the version of the dictionaries: %w", postgres.Error(err))
	}
	return nil
}
