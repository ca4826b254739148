// Package declarationrequests holds the requests for declarations between
// patients and doctors.
package declarationrequests

import (
	"esoz/internal/operation"
	"esoz/internal/platform/media"
	"esoz/internal/platform/otp"
)

// API serves the operations of the resource.
type API struct {
	Engine *operation.Engine
	Store  Store
	Codes  *otp.Service
	Media  *media.Store
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		create.Operation(a.Engine, nil),
		approve.Operation(a.Engine, nil),
		sign.Operation(a.Engine, nil),
		reject.Operation(a.Engine, nil),
		{ID: "resendDeclarationRequestOtp", Rules: operation.RulesOf(resendChecks)},
		{ID: "getDeclarationRequest", Rules: operation.RulesOf(getChecks)},
		{ID: "listDeclarationRequests", Rules: operation.RulesOf(listChecks)},
	}
}
