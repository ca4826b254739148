package dictionaries

import (
	"context"

	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// API serves the dictionaries. They are public: no token is wanted.
type API struct {
	Engine *operation.Engine
	Cache  *Cache
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		{ID: "listDictionaries", Rules: operation.RulesOf(listChecks)},
		{ID: "listDictionariesV2", Rules: operation.RulesOf(listV2Checks)},
	}
}

// query is what the checks look at: whether a filter is true or false.
type query struct {
	operation.Caller
	isBool, isBoolValue bool // is_active, value_is_active
}

// noteOpen notes a dictionary whose list is not complete, for the sandbox's
// warning. A list of all dictionaries has many of them, and needs none.
func noteOpen(ctx context.Context, d Dictionary, isNamed bool) {
	if r := envelope.RequestFrom(ctx); d.IsOpen && isNamed {
		r.Open = append(r.Open, d.Name)
	}
}

func hasBool(_ context.Context, q *query) error { return operation.Unless(q.isBool) }
