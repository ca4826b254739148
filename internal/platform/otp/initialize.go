package otp

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/envelope"
)

// InitializeVerification serves POST /api/verifications.
func (a *API) InitializeVerification(
	ctx context.Context, req api.InitializeVerificationRequestObject,
) (api.InitializeVerificationResponseObject, error) {
	started, err := a.initialize(ctx, auth.From(ctx), req.Body.PhoneNumber)
	if err != nil {
		return nil, err
	}
	return api.InitializeVerification200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: started.Response()}, nil
}

// initialize sends a code to a phone . In this
// order, the first two from the schema of the body:
//
//	verification.initialize.schema               the body has the documented shape
//	verification.initialize.phone_number         the phone is +380 and nine digits
//	verification.initialize.rate                 the last code to that phone is old enough
//	verification.initialize.phone_limit          not too many codes went to that phone
//	verification.initialize.legal_entity_limit   nor did the caller's legal entity send too many
func (a *API) initialize(ctx context.Context, by auth.Subject, phone string) (Verification, error) {
	started, err := a.Service.Start(ctx, Request{Phone: phone, LegalEntity: by.ClientID})
	return started, Refusal(err, ruleOf)
}

// ruleOf names the rule that refuses when a limit is reached.
var ruleOf = map[Limit]rules.ID{
	Frequency:      rules.VerificationInitializeRate,
	PerPhone:       rules.VerificationInitializePhoneLimit,
	PerLegalEntity: rules.VerificationInitializeLegalEntityLimit,
}
