// Package catalogues holds the catalogues that the National Health Service keeps and no
// public operation writes: medical programs, what they pay for, services and devices. They are
// the same for every legal entity. Import brings them.
package catalogues

import "esoz/internal/operation"

// API serves the operations of the resource.
type API struct {
	Engine   *operation.Engine
	Store    Store
	Services *Services
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		{ID: "listMedicalPrograms", Rules: operation.RulesOf(programListChecks)},
		{ID: "getMedicalProgram", Rules: operation.RulesOf(programGetChecks), Reads: programTable},
		{ID: "listProgramServices", Rules: operation.RulesOf(programServiceListChecks)},
		{ID: "getProgramService", Rules: operation.RulesOf(programServiceGetChecks), Reads: programServiceTable},
		{ID: "listDeviceDefinitions", Rules: operation.RulesOf(deviceDefinitionListChecks)},
		{ID: "listDeviceDefinitionsV1", Rules: operation.RulesOf(deviceDefinitionListV1Checks)},
		{ID: "getDeviceDefinition", Rules: operation.RulesOf(deviceDefinitionGetChecks), Reads: deviceDefinitionTable},
		{ID: "getDeviceDefinitionV1", Rules: operation.RulesOf(deviceDefinitionGetV1Checks), Reads: deviceDefinitionTable},
		{ID: "listServices"}, // any text is a filter
	}
}
