package otp

import (
	"context"
	"errors"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/envelope"
	"esoz/internal/fault"
)

// InitializeVerification serves POST /api/verifications.
func (a *API) InitializeVerification(
	ctx context.Context, req api.InitializeVerificationRequestObject,
) (api.InitializeVerificationResponseObject, error) {
	started, err := a.initialize(ctx, req.Body.PhoneNumber)
	if err != nil {
		return nil, err
	}
	return api.InitializeVerification200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: started.Response()}, nil
}

// initialize sends a code to a phone (spec: declaration_requests 2.3). In this
// order, the first two from the schema of the body:
//
//	verification.initialize.schema         the body has the documented shape
//	verification.initialize.phone_number   the phone is +380 and nine digits
//	verification.initialize.rate           the last code to that phone is old enough
func (a *API) initialize(ctx context.Context, phone string) (Verification, error) {
	started, err := a.Service.Start(ctx, phone)
	var soon *TooSoonError
	if errors.As(err, &soon) {
		return started, fault.Refuse(rules.VerificationInitializeRate).After(soon.Wait)
	}
	return started, err
}
