package dictionaries

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"gopkg.in/yaml.v3"

	"esoz/gen/db"
	"esoz/internal/postgres"
)

// CacheVersion names the version of the dictionaries in prm.cache_versions.
const CacheVersion = "dictionaries"

// NewCache prepares an empty cache; Refresh fills it.
func NewCache(pool *pgxpool.Pool) *Cache { return &Cache{store: store{pool}} }

type store struct{ pool *pgxpool.Pool }

func (s store) version(ctx context.Context) (int64, error) {
	versions, err := db.New().ListCacheVersions(ctx, s.pool)
	if err != nil {
		return 0, fmt.Errorf("read version of dictionaries: %w", postgres.Error(err))
	}
	for _, v := range versions {
		if v.Name == CacheVersion {
			return v.Version, nil
		}
	}
	return 0, nil
}

type valueRow struct {
	Value
	id, parent uuid.UUID
}

func (s store) load(ctx context.Context) ([]Dictionary, error) {
	q := db.New()
	rows, err := q.ListDictionaries(ctx, s.pool)
	if err != nil {
		return nil, fmt.Errorf("load dictionaries: %w", postgres.Error(err))
	}
	values, err := q.ListDictionaryValues(ctx, s.pool)
	if err != nil {
		return nil, fmt.Errorf("load dictionary values: %w", postgres.Error(err))
	}
	of := map[uuid.UUID][]valueRow{}
	for _, v := range values {
		row := valueRow{Value: Value{Code: v.Code, Description: v.Description, IsActive: v.IsActive}, id: v.ID}
		if v.ParentID != nil {
			row.parent = *v.ParentID
		}
		of[v.DictionaryID] = append(of[v.DictionaryID], row)
	}
	all := make([]Dictionary, 0, len(rows))
	for _, d := range rows {
		all = append(all, Dictionary{
			Name: d.Name, Description: d.Description, Labels: d.Labels, IsActive: d.IsActive, Values: tree(of[d.ID]),
		})
	}
	return all, nil
}

//go:embed builtin.yaml
var builtin []byte

// namespace makes the ids of built-in dictionaries and values.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://esoz/dictionaries"))

// Seed writes the built-in dictionaries, again and again without harm: values
// that somebody else has added stay.
func Seed(ctx context.Context, tx pgx.Tx, at time.Time, by uuid.UUID) error {
	var all []struct {
		Name, Description string
		Values            []struct{ Code, Description string }
	}
	if err := yaml.Unmarshal(builtin, &all); err != nil {
		return fmt.Errorf("read built-in dictionaries: %w", err)
	}
	q := db.New()
	var changed int64
	for _, d := range all {
		id, err := q.UpsertDictionary(ctx, tx, db.UpsertDictionaryParams{
			ID: uuid.NewSHA1(namespace, []byte(d.Name)), Name: d.Name, Description: d.Description,
			Labels: []string{"SYSTEM", "EXTERNAL"}, IsActive: true, UserID: by, At: at,
		})
		if err != nil {
			return fmt.Errorf("write dictionary %s: %w", d.Name, postgres.Error(err))
		}
		values := db.UpsertDictionaryValuesParams{DictionaryID: id, UserID: by, At: at}
		for _, v := range d.Values {
			values.IDs = append(values.IDs, uuid.NewSHA1(id, []byte(v.Code)))
			values.Codes = append(values.Codes, v.Code)
			values.Descriptions = append(values.Descriptions, v.Description)
			values.IsActive = append(values.IsActive, true)
			values.ParentIDs = append(values.ParentIDs, uuid.Nil)
		}
		n, err := q.UpsertDictionaryValues(ctx, tx, values)
		if err != nil {
			return fmt.Errorf("write values of dictionary %s: %w", d.Name, postgres.Error(err))
		}
		changed += n
	}
	if changed == 0 {
		return nil
	}
	if _, err := q.BumpCacheVersion(ctx, tx, db.BumpCacheVersionParams{Name: CacheVersion, At: at}); err != nil {
		return fmt.Errorf("raise version of dictionaries: %w", postgres.Error(err))
	}
	return nil
}
