package personrequests

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/postgres"
)

// ResendPersonRequestOTP serves POST /api/person_requests/{id}/actions/resend_otp.
// One transaction checks and sends, so that nobody approves the request in between.
func (a *API) ResendPersonRequestOTP(
	ctx context.Context, req api.ResendPersonRequestOTPRequestObject,
) (api.ResendPersonRequestOTPResponseObject, error) {
	s := &resending{Caller: a.Engine.Caller(ctx), API: a, pathID: req.ID}
	err := postgres.InTx(ctx, a.Store.Pool, func(tx postgres.Tx) error {
		s.tx = tx
		return operation.Run(ctx, resendChecks, s)
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // a refusal, or an error that says what failed
	}
	sent := s.sent.Response()
	if s.Config.ReadsLive(s.Config.ResendOTPStatus) {
		sent.Status = api.OTPStatusNew
	}
	return api.ResendPersonRequestOTP200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: sent}, nil
}

// resending is one call of resendPersonRequestOtp.
type resending struct {
	operation.Caller
	*API
	pathID string
	tx     postgres.Tx
	id     uuid.UUID
	found  lockedRequest
	sent   otp.Verification
}

// lockedRequest is what decides whether a code may be sent.
type lockedRequest struct {
	status        api.PersonRequestStatus
	legalEntityID uuid.UUID
	method        method
}

var resendChecks = []operation.Check[*resending]{
	{Rule: rules.PersonRequestResendOTPNotFound, Pass: func(ctx context.Context, s *resending) (err error) {
		if s.id, err = parsed(s.pathID); err != nil {
			return err
		}
		s.found, err = s.Store.lock(ctx, s.tx, s.id)
		return err
	}},
	{Rule: rules.PersonRequestResendOTPLegalEntity, Pass: func(_ context.Context, s *resending) error {
		return operation.Expect(s.found.legalEntityID == s.ClientID, "legal entity of the person request", s.ClientID, "another legal entity")
	}},
	{Rule: rules.PersonRequestResendOTPExpired, Pass: func(_ context.Context, s *resending) error {
		return operation.Expect(s.found.status != statusExpired, "status", "any but EXPIRED", s.found.status)
	}},
	{Rule: rules.PersonRequestResendOTPMethod, Pass: func(_ context.Context, s *resending) error {
		return operation.Expect(s.found.method.Type == methodOTP, "authentication_method_current", methodOTP, s.found.method.Type)
	}},
	{Rule: rules.PersonRequestResendOTPStatus, Pass: func(_ context.Context, s *resending) error {
		return operation.Expect(s.found.status == api.PersonRequestStatusNEW, "status", api.PersonRequestStatusNEW, s.found.status)
	}},
	{Rule: rules.PersonRequestResendOTPRate, Or: []rules.ID{
		rules.PersonRequestResendOTPPhoneLimit, rules.PersonRequestResendOTPResourceLimit, rules.PersonRequestResendOTPLegalEntityLimit,
	}, Pass: sendAgain},
}

// sendAgain sends a code unless a limit is reached.
func sendAgain(ctx context.Context, s *resending) (err error) {
	s.sent, err = s.Codes.Initialize(ctx, s.tx, otp.Request{Phone: s.found.method.PhoneNumber, Resource: s.id, LegalEntity: s.ClientID})
	//nolint:wrapcheck // a refusal, or an error that says what failed
	return otp.Refusal(err, map[otp.Limit]rules.ID{
		otp.Frequency:      rules.PersonRequestResendOTPRate,
		otp.PerPhone:       rules.PersonRequestResendOTPPhoneLimit,
		otp.PerResource:    rules.PersonRequestResendOTPResourceLimit,
		otp.PerLegalEntity: rules.PersonRequestResendOTPLegalEntityLimit,
	})
}
