package dictionaries

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
)

// cacheName is the row of prm.cache_versions that tells of changed dictionaries.
const cacheName = "dictionaries"

type store struct{ pool *pgxpool.Pool }

func (s store) version(ctx context.Context) (int64, error) { return version(ctx, s.pool) }

func version(ctx context.Context, conn db.DBTX) (int64, error) {
	return versionOf(ctx, conn, cacheName)
}

func versionOf(ctx context.Context, conn db.DBTX, name string) (int64, error) {
	versions, err := db.New().ListCacheVersions(ctx, conn)
	if err != nil {
		return 0, fmt.Errorf("read the version of the dictionaries: %w", postgres.Error(err))
	}
	for _, v := range versions {
		if v.Name == name {
			return v.Version, nil
		}
	}
	return 0, nil
}

// load reads everything as it was at one moment.
func (s store) load(ctx context.Context) (v int64, all []Dictionary, err error) {
	moment := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, s.pool, moment, func(tx pgx.Tx) error {
		if v, err = version(ctx, tx); err != nil {
			return err
		}
		all, err = list(ctx, tx)
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("load the dictionaries: %w", postgres.Error(err))
	}
	return v, all, nil
}

func list(ctx context.Context, tx pgx.Tx) ([]Dictionary, error) {
	q := db.New()
	rows, err := q.ListDictionaries(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("list dictionaries: %w", err)
	}
	values, err := q.ListDictionaryValues(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("list dictionary values: %w", err)
	}
	of := map[uuid.UUID][]db.ListDictionaryValuesRow{} // each a part of values, which are in the order of dictionaries
	for first, next := 0, 0; first < len(values); first = next {
		id := values[first].DictionaryID
		for next < len(values) && values[next].DictionaryID == id {
			next++
		}
		of[id] = values[first:next]
	}
	all := make([]Dictionary, 0, len(rows))
	for _, d := range rows {
		all = append(all, Dictionary{
			Name: d.Name, Description: d.Description, Labels: d.Labels, IsActive: d.IsActive, IsOpen: d.IsOpen, Values: tree(of[d.ID]),
		})
	}
	return all, nil
}

// tree hangs the values of a dictionary under their parents.
func tree(rows []db.ListDictionaryValuesRow) []Value {
	children := map[uuid.UUID][]db.ListDictionaryValuesRow{}
	for _, row := range rows {
		parent := uuid.Nil
		if row.ParentID != nil {
			parent = *row.ParentID
		}
		children[parent] = append(children[parent], row)
	}
	var under func(parent uuid.UUID) []Value
	under = func(parent uuid.UUID) []Value {
		var values []Value
		for _, row := range children[parent] {
			values = append(values, Value{Code: row.Code, Description: row.Description, IsActive: row.IsActive, Children: under(row.ID)})
		}
		return values
	}
	return under(uuid.Nil)
}
