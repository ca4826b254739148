package declarationrequests

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/postgres"
)

// ResendDeclarationRequestOTP serves POST /api/v3/declaration_requests/{id}/actions/resend_otp.
// The former code dies and the request stays as it is (decisions R10, R28). One
// transaction checks and sends, so that nobody approves the request in between.
func (a *API) ResendDeclarationRequestOTP(
	ctx context.Context, req api.ResendDeclarationRequestOTPRequestObject,
) (api.ResendDeclarationRequestOTPResponseObject, error) {
	s := &resending{Caller: a.Engine.Caller(ctx), API: a, pathID: req.ID}
	err := postgres.InTx(ctx, a.Store.Pool, func(tx postgres.Tx) error {
		s.tx = tx
		return operation.Run(ctx, resendChecks, s)
	})
	if err != nil {
		return nil, err
	}
	sent := s.sent.Response()
	if s.Config.ReadsLive(s.Config.ResendOTPStatus) {
		sent.Status = api.OTPStatusNew
	}
	return api.ResendDeclarationRequestOTP200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: sent}, nil
}

// resending is one call of resendDeclarationRequestOtp.
type resending struct {
	operation.Caller
	*API
	pathID  string
	tx      postgres.Tx
	id      uuid.UUID
	request request
	sent    otp.Verification
}

var resendChecks = []operation.Check[*resending]{
	{Rule: rules.DeclarationRequestResendOTPNotFound, Pass: lock},
	{Rule: rules.DeclarationRequestResendOTPChannel, Pass: func(_ context.Context, s *resending) error {
		return operation.Expect(s.request.isShared(), "channel of the declaration request", "one that MIS may see", s.request.Channel)
	}},
	{Rule: rules.DeclarationRequestResendOTPLegalEntity, Pass: func(_ context.Context, s *resending) error {
		return operation.Expect(s.request.isOf(s.ClientID), "legal entity of the declaration request", s.ClientID, "another legal entity")
	}},
	{Rule: rules.DeclarationRequestResendOTPStatus, Pass: func(_ context.Context, s *resending) error {
		return operation.Expect(s.request.Status == statusNew, "status", statusNew, s.request.Status)
	}},
	{Rule: rules.DeclarationRequestResendOTPAuthenticationMethod, Pass: func(_ context.Context, s *resending) error {
		return operation.Expect(s.request.Method.Type == methodOTP && s.request.Method.Number != "",
			"authentication method of the person", methodOTP+" with a number", s.request.Method.Type)
	}},
	{Rule: rules.DeclarationRequestResendOTPRate, Or: []rules.ID{
		rules.DeclarationRequestResendOTPPhoneLimit, rules.DeclarationRequestResendOTPResourceLimit,
		rules.DeclarationRequestResendOTPLegalEntityLimit,
	}, Pass: sendCode},
}

// lock passes when the request exists. A malformed id is not found (decisions R12).
func lock(ctx context.Context, s *resending) (err error) {
	id, ok := envelope.ParseID(s.pathID)
	if !ok {
		return fault.ErrNotFound
	}
	s.id = id
	s.request, err = s.Store.lock(ctx, s.tx, id)
	return err
}

// sendCode sends a code unless a limit is reached. The limits are judged in the
// transaction that sends, so that parallel requests cannot exceed them.
func sendCode(ctx context.Context, s *resending) (err error) {
	s.sent, err = s.Codes.Initialize(ctx, s.tx, otp.Request{Phone: s.request.Method.Number, Resource: s.id, LegalEntity: s.ClientID})
	return otp.Refusal(err, map[otp.Limit]rules.ID{
		otp.Frequency:      rules.DeclarationRequestResendOTPRate,
		otp.PerPhone:       rules.DeclarationRequestResendOTPPhoneLimit,
		otp.PerResource:    rules.DeclarationRequestResendOTPResourceLimit,
		otp.PerLegalEntity: rules.DeclarationRequestResendOTPLegalEntityLimit,
	})
}
