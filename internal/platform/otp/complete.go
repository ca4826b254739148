package otp

import (
	"context"
	"errors"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// CompleteVerification serves PATCH /api/verifications/{phone_number}/actions/complete.
func (a *API) CompleteVerification(
	ctx context.Context, req api.CompleteVerificationRequestObject,
) (api.CompleteVerificationResponseObject, error) {
	ended, err := a.complete(ctx, req.PhoneNumber, req.Body.Code)
	if err != nil {
		return nil, err
	}
	return api.CompleteVerification200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: ended.Response()}, nil
}

// complete judges the code that was sent to a phone (decisions R24). In this order, the first from the schema of the body:
//
//	verification.complete.schema      the body has the documented shape
//	verification.complete.not_found   a code was ever sent to the phone
//	verification.complete.active      the newest is neither used, nor cancelled, nor out of attempts
//	verification.complete.expired     its time is not over
//	verification.complete.code        it is the one that was sent
func (a *API) complete(ctx context.Context, phone string, code float64) (Verification, error) {
	if !isPhone(phone) {
		return Verification{}, fault.Refuse(rules.VerificationCompleteNotFound)
	}
	ended, err := a.Service.Complete(ctx, phone, whole(code))
	switch {
	case errors.Is(err, ErrNoVerification):
		return ended, fault.Refuse(rules.VerificationCompleteNotFound)
	case errors.Is(err, ErrAttempts):
		return ended, fault.Refuse(rules.VerificationCompleteActive)
	case errors.Is(err, ErrExpired):
		return ended, fault.Refuse(rules.VerificationCompleteExpired)
	case errors.Is(err, ErrWrongCode):
		return ended, fault.Refuse(rules.VerificationCompleteCode)
	}
	return ended, err
}

// noCode is no code of any verification.
const noCode = -1

// whole returns the code that a JSON number is: 3782 and 3782.0 are one. What is
// no code at all is wrong, and costs an attempt like any wrong one.
func whole(number float64) int {
	const beyond = 1e9 // codes have at most nine digits
	if code := int(min(max(number, noCode), beyond)); float64(code) == number {
		return code
	}
	return noCode
}
