package dictionaries

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"esoz/gen/db"
)

// cacheName is the row of prm.cache_versions that tells of changed dictionaries.
const cacheName = "dictionaries"

func load(ctx context.Context, tx pgx.Tx) (*snapshot, error) {
	all, err := list(ctx, tx)
	if err != nil {
		return nil, err
	}
	return newSnapshot(all), nil
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
