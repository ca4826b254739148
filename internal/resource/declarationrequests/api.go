// Package declarationrequests holds the requests for declarations between
// patients and doctors.
package declarationrequests

import (
	"esoz/internal/operation"
	"esoz/internal/platform/otp"
)

// API serves the operations of the resource.
type API struct {
	Engine *operation.Engine
	Store  Store
	Codes  *otp.Service
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		{ID: "resendDeclarationRequestOtp", Rules: operation.RulesOf(resendChecks)},
		{ID: "getDeclarationRequest", Rules: operation.RulesOf(getChecks)},
		{ID: "listDeclarationRequests", Rules: operation.RulesOf(listChecks)},
	}
}
