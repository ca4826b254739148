package verifications

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/otp"
)

// InitializeVerification serves POST /api/verifications.
func (a *API) InitializeVerification(
	ctx context.Context, req api.InitializeVerificationRequestObject,
) (api.InitializeVerificationResponseObject, error) {
	c := &call{Caller: a.Engine.Caller(ctx), API: a, phone: req.Body.PhoneNumber}
	if err := operation.Run(ctx, initializeChecks, c); err != nil {
		return nil, err
	}
	if c.Config.ReadsLive(c.Config.VerificationStatus) {
		return api.InitializeVerification201JSONResponse{
			Meta: envelope.Created(ctx, c.verification.ID.String()), Data: c.verification.Response(),
		}, nil
	}
	return api.InitializeVerification200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: c.verification.Response()}, nil
}

var initializeChecks = []operation.Check[*call]{
	{Rule: rules.VerificationInitializeRate, Or: []rules.ID{
		rules.VerificationInitializePhoneLimit, rules.VerificationInitializeLegalEntityLimit,
	}, Pass: sendCode},
}

// sendCode sends a code unless a limit is reached. The limits are judged in the
// transaction that sends, so that parallel requests cannot exceed them.
func sendCode(ctx context.Context, c *call) (err error) {
	c.verification, err = c.Codes.Start(ctx, otp.Request{Phone: c.phone, LegalEntity: c.ClientID})
	return otp.Refusal(err, map[otp.Limit]rules.ID{
		otp.Frequency:      rules.VerificationInitializeRate,
		otp.PerPhone:       rules.VerificationInitializePhoneLimit,
		otp.PerLegalEntity: rules.VerificationInitializeLegalEntityLimit,
	})
}
