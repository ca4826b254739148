package uaddresses

import (
	"context"

	"github.com/google/uuid"

	"esoz/internal/operation"
)

// API serves the address methods. They are public: no token is wanted.
type API struct {
	Engine *operation.Engine
	Cache  *Cache
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		{ID: "listRegions"}, // refuses nothing
		{ID: "listDistricts", Rules: operation.RulesOf(districtChecks)},
		{ID: "listSettlements", Rules: operation.RulesOf(settlementChecks)},
		{ID: "listDistrictsOfRegion", Rules: operation.RulesOf(ofRegionChecks)},
		{ID: "listSettlementsOfDistrict", Rules: operation.RulesOf(ofDistrictChecks)},
		{ID: "getSettlement", Rules: operation.RulesOf(getChecks)},
		{ID: "listStreets", Rules: operation.RulesOf(streetChecks)},
	}
}

// query is what the checks of the lists look at.
type query struct {
	operation.Caller
	within *uuid.UUID // the id that narrows the list; nil: none
	isID   bool       // within is well formed
	isBool bool       // so is mountain_group
}

func (a *API) query(ctx context.Context, within *string) *query {
	q := &query{Caller: a.Engine.Caller(ctx)}
	q.within, q.isID = parseID(within)
	return q
}

func hasID(_ context.Context, q *query) error {
	return operation.Expect(q.isID, "the id", "a UUID", "another text")
}
