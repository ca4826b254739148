package declarationrequests

import (
	"context"
	"errors"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/otp"
)

// ResendDeclarationRequestOTP serves POST /api/v3/declaration_requests/{id}/actions/resend_otp.
func (a *API) ResendDeclarationRequestOTP(
	ctx context.Context, req api.ResendDeclarationRequestOTPRequestObject,
) (api.ResendDeclarationRequestOTPResponseObject, error) {
	sent, err := a.resendOTP(ctx, auth.From(ctx), req.ID)
	if err != nil {
		return nil, err
	}
	return api.ResendDeclarationRequestOTP200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: sent.Response()}, nil
}

// resendOTP sends the patient a new code; the former one dies and the request
// stays as it is (decisions R10, R28). In this order:
//
//	declaration_request.resend_otp.not_found               the request exists
//	declaration_request.resend_otp.channel                 it came by a MIS or is shared with legal entities
//	declaration_request.resend_otp.legal_entity            it is of the caller's legal entity
//	declaration_request.resend_otp.status                  it waits for the patient's confirmation
//	declaration_request.resend_otp.authentication_method   the patient confirms by codes, and the phone is known
//	declaration_request.resend_otp.rate                    the last code to that phone is old enough
//	declaration_request.resend_otp.phone_limit             not too many codes went to that phone
//	declaration_request.resend_otp.resource_limit          nor for the request
//	declaration_request.resend_otp.legal_entity_limit      nor did the caller's legal entity send too many
func (a *API) resendOTP(ctx context.Context, by auth.Subject, id string) (otp.Verification, error) {
	parsed, ok := envelope.ParseID(id)
	if !ok {
		return otp.Verification{}, fault.Refuse(rules.DeclarationRequestResendOTPNotFound)
	}
	sent, err := a.sendCode(ctx, by.ClientID, parsed, func(r request) error { return a.checkResend(by, r) })
	if errors.Is(err, fault.ErrNotFound) {
		return sent, fault.Refuse(rules.DeclarationRequestResendOTPNotFound)
	}
	return sent, otp.Refusal(err, ruleOf)
}

// ruleOf names the rule that refuses when a limit of codes is reached.
var ruleOf = map[otp.Limit]rules.ID{
	otp.Frequency:      rules.DeclarationRequestResendOTPRate,
	otp.PerPhone:       rules.DeclarationRequestResendOTPPhoneLimit,
	otp.PerResource:    rules.DeclarationRequestResendOTPResourceLimit,
	otp.PerLegalEntity: rules.DeclarationRequestResendOTPLegalEntityLimit,
}

func (a *API) checkResend(by auth.Subject, r request) error {
	cfg := a.config.Get()
	if cfg.On(rules.DeclarationRequestResendOTPChannel) && !r.isShared() {
		return fault.Refuse(rules.DeclarationRequestResendOTPChannel)
	}
	if cfg.On(rules.DeclarationRequestResendOTPLegalEntity) && !r.isOf(by.ClientID) {
		return fault.Refuse(rules.DeclarationRequestResendOTPLegalEntity)
	}
	if cfg.On(rules.DeclarationRequestResendOTPStatus) && r.Status != statusNew {
		return fault.Refuse(rules.DeclarationRequestResendOTPStatus)
	}
	if r.Method.Type != methodOTP || r.Method.Number == "" {
		return fault.Refuse(rules.DeclarationRequestResendOTPAuthenticationMethod)
	}
	return nil
}
