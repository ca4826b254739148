// Package legalentities holds medical institutions and pharmacies, and their licenses.
package legalentities

import "esoz/internal/operation"

// API serves the operations of the resource.
type API struct {
	Engine *operation.Engine
	Store  Store
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		{ID: "listLegalEntities", Rules: operation.RulesOf(listChecks)},
		{ID: "getLegalEntity", Rules: operation.RulesOf(getChecks), Reads: table},
		{ID: "listLegalEntitiesV1", Rules: operation.RulesOf(listV1Checks)},
		{ID: "getLegalEntityV1", Rules: operation.RulesOf(getV1Checks), Reads: table},
		{ID: "listLicenses", Rules: operation.RulesOf(licenseListChecks)},
	}
}
