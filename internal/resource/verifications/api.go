// Package verifications lets clients verify a phone by a code that is sent to it.
package verifications

import (
	"esoz/internal/operation"
	"esoz/internal/platform/otp"
)

// API serves the operations of the resource.
type API struct {
	Engine *operation.Engine
	Codes  *otp.Service
}

// call is one call of an operation.
type call struct {
	operation.Caller
	*API
	phone        string
	code         float64
	verification otp.Verification
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		{ID: "initializeVerification", Rules: operation.RulesOf(initializeChecks)},
		{ID: "completeVerification", Rules: operation.RulesOf(completeChecks)},
		{ID: "getVerification", Rules: operation.RulesOf(getChecks)},
	}
}
