package verifications

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/otp"
)

// CompleteVerification serves PATCH /api/verifications/{phone_number}/actions/complete.
func (a *API) CompleteVerification(
	ctx context.Context, req api.CompleteVerificationRequestObject,
) (api.CompleteVerificationResponseObject, error) {
	c := &call{Caller: a.Engine.Caller(ctx), API: a, phone: req.PhoneNumber, code: req.Body.Code}
	if err := operation.Run(ctx, completeChecks, c); err != nil {
		return nil, err
	}
	return api.CompleteVerification200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: c.verification.Response()}, nil
}

var completeChecks = []operation.Check[*call]{
	{Rule: rules.VerificationCompleteNotFound, Or: []rules.ID{
		rules.VerificationCompleteActive, rules.VerificationCompleteExpired, rules.VerificationCompleteCode,
	}, Pass: enterCode},
}

// enterCode passes when the code is the one that was sent (decisions R24). The
// service judges it in one transaction, which counts the attempt.
func enterCode(ctx context.Context, c *call) (err error) {
	c.verification, err = c.Codes.Complete(ctx, c.phone, whole(c.code))
	switch {
	case errors.Is(err, otp.ErrNoVerification):
		return fault.ErrNotFound
	case errors.Is(err, otp.ErrAttempts):
		return fault.Refuse(rules.VerificationCompleteActive).Because("code",
			fmt.Sprintf("live, after fewer than %d attempts (MAX_ATTEMPTS)", c.Config.MaxAttempts), "used, cancelled, or no attempt is left")
	case errors.Is(err, otp.ErrExpired):
		return fault.Refuse(rules.VerificationCompleteExpired).Because("age of the code",
			fmt.Sprintf("at most %d minutes (CODE_EXPIRATION_PERIOD_MINUTES)", c.Config.CodeExpirationMinutes), "more")
	case errors.Is(err, otp.ErrWrongCode):
		return fault.Refuse(rules.VerificationCompleteCode).Because("code", "the code of the last SMS", "another one")
	}
	return err
}

// noCode is no code of any verification.
const noCode = -1

// whole returns the code that a JSON number is: 3782 and 3782.0 are one. A number
// that cannot be a code is a wrong one, and costs an attempt.
func whole(number float64) int {
	const beyond = 1e9 // codes have at most nine digits
	if code := int(min(max(number, noCode), beyond)); float64(code) == number {
		return code
	}
	return noCode
}
