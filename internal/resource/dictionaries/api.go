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

// warnOfOpen warns of a dictionary whose list is not complete. A list of all
// dictionaries has many of them, and needs no warning.
func warnOfOpen(ctx context.Context, d Dictionary, isNamed bool) {
	if d.IsOpen && isNamed {
		envelope.RequestFrom(ctx).Warn("the values of dictionary " + d.Name + " are not all public: the list is not complete, and any code is accepted")
	}
}

func hasBool(_ context.Context, q *query) error {
	return operation.Expect(q.isBool, "is_active", "true or false", "another text")
}
