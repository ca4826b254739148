package verifications

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// GetVerification serves GET /api/verifications/{phone_number}.
func (a *API) GetVerification(ctx context.Context, req api.GetVerificationRequestObject) (api.GetVerificationResponseObject, error) {
	c := &call{Caller: a.Engine.Caller(ctx), API: a, phone: req.PhoneNumber}
	if err := operation.Run(ctx, getChecks, c); err != nil {
		return nil, err
	}
	return api.GetVerification200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: api.VerifiedPhone(req)}, nil
}

var getChecks = []operation.Check[*call]{{Rule: rules.VerificationGetNotFound, Pass: func(ctx context.Context, c *call) error {
	verified, err := c.Codes.Verified(ctx, c.phone)
	if err != nil {
		return err
	}
	return operation.Expect(verified, "phone number", "verified", "not verified")
}}}
