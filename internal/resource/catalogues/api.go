// Package catalogues holds the catalogues that the National Health Service keeps and no
// public operation writes: medical programs, what they pay for, and services. They are
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
		{ID: "listServices"}, // any text is a filter
	}
}
