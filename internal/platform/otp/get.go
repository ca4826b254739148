package otp

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// GetVerification serves GET /api/verifications/{phone_number}.
func (a *API) GetVerification(ctx context.Context, req api.GetVerificationRequestObject) (api.GetVerificationResponseObject, error) {
	if err := a.get(ctx, req.PhoneNumber); err != nil {
		return nil, err
	}
	return api.GetVerification200JSONResponse{
		Meta: envelope.Meta(ctx, http.StatusOK), Data: api.VerifiedPhone(req),
	}, nil
}

// get tells whether a phone was ever verified:
//
//	verification.get.not_found   it was
func (a *API) get(ctx context.Context, phone string) error {
	if !isPhone(phone) {
		return fault.Refuse(rules.VerificationGetNotFound)
	}
	verified, err := a.Service.Verified(ctx, phone)
	if err != nil {
		return err
	}
	if !verified {
		return fault.Refuse(rules.VerificationGetNotFound)
	}
	return nil
}
