// Package personrequests holds the requests to register a person or to change
// the data of a registered one (wiki 17999298851), and those to change how a person
// confirms (wiki 616431639).
package personrequests

import (
	"esoz/internal/operation"
	"esoz/internal/platform/address"
	"esoz/internal/platform/media"
	"esoz/internal/platform/otp"
)

// API serves the operations of the resource.
type API struct {
	Engine    *operation.Engine
	Store     Store
	Addresses address.Register
	Codes     *otp.Service
	Media     *media.Store
	People    People
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	all := []operation.Operation{
		CreateMethodRequest.Operation(a.Engine, a.readMethod),
		ApproveMethodRequest.Operation(a.Engine, nil),
		{ID: "resendAuthenticationMethodRequestOtp", Rules: operation.RulesOf(methodResendChecks)},
		{ID: "resendPersonRequestOtp", Rules: operation.RulesOf(resendChecks)},
		{ID: "listPersonRequests", Rules: operation.RulesOf(listChecks)},
	}
	for _, v := range versions {
		create := *creates[v]
		create.Guard = a.guard(v.family("create"))
		all = append(all,
			create.Operation(a.Engine, a.read),
			approves[v].Operation(a.Engine, nil),
			rejects[v].Operation(a.Engine, nil),
			signs[v].Operation(a.Engine, nil),
			operation.Operation{ID: v.operation("getPersonRequest"), Rules: operation.RulesOf(gets[v])},
		)
	}
	return all
}
