package personrequests

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/postgres"
)

// ResendAuthenticationMethodRequestOTP serves POST /api/persons/{id}/authentication_method_requests/{request_id}/actions/resend_otp.
// One transaction checks and sends, so that nobody approves the request in between.
func (a *API) ResendAuthenticationMethodRequestOTP(
	ctx context.Context, req api.ResendAuthenticationMethodRequestOTPRequestObject,
) (api.ResendAuthenticationMethodRequestOTPResponseObject, error) {
	s := &methodResending{ofPerson: a.ofPerson(ctx, req.ID), pathID: req.RequestID}
	err := postgres.InTx(ctx, a.Store.Pool, func(tx postgres.Tx) error {
		s.tx, s.on = tx, tx // a second connection would be waited for by all
		return operation.Run(ctx, methodResendChecks, s)
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // a refusal, or an error that says what failed
	}
	return api.ResendAuthenticationMethodRequestOTP200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.sent.Response()}, nil
}

// methodResending is one call of resendAuthenticationMethodRequestOtp.
type methodResending struct {
	ofPerson
	pathID  string
	tx      postgres.Tx
	id      uuid.UUID
	status  api.AuthenticationMethodRequestStatus
	current method
	sent    otp.Verification
}

var methodResendChecks = slices.Concat(
	personOfPath[*methodResending]("authentication_method_request.resend_otp."),
	[]operation.Check[*methodResending]{
		{Rule: rules.AuthenticationMethodRequestResendOTPNotFound, Pass: func(ctx context.Context, s *methodResending) (err error) {
			if s.id, err = parsed(s.pathID); err != nil {
				return err
			}
			s.status, s.current, err = s.Store.lockMethodRequest(ctx, s.tx, s.id, s.person.id)
			return err
		}},
		{Rule: rules.AuthenticationMethodRequestResendOTPMethod, Pass: func(_ context.Context, s *methodResending) error {
			return operation.Expect(s.current.Type == methodOTP, "authentication_method_current", methodOTP, s.current.Type)
		}},
		{Rule: rules.AuthenticationMethodRequestResendOTPStatus, Pass: func(_ context.Context, s *methodResending) error {
			return operation.Expect(s.status == api.AuthenticationMethodRequestStatusNEW, "status", api.AuthenticationMethodRequestStatusNEW, s.status)
		}},
		{Rule: rules.AuthenticationMethodRequestResendOTPRate, Or: []rules.ID{
			rules.AuthenticationMethodRequestResendOTPPhoneLimit, rules.AuthenticationMethodRequestResendOTPResourceLimit,
			rules.AuthenticationMethodRequestResendOTPLegalEntityLimit,
		}, Pass: func(ctx context.Context, s *methodResending) (err error) {
			s.sent, err = s.Codes.Initialize(ctx, s.tx, otp.Request{Phone: s.current.PhoneNumber, Resource: s.id, LegalEntity: s.ClientID})
			//nolint:wrapcheck // a refusal, or an error that says what failed
			return otp.Refusal(err, map[otp.Limit]rules.ID{
				otp.Frequency:      rules.AuthenticationMethodRequestResendOTPRate,
				otp.PerPhone:       rules.AuthenticationMethodRequestResendOTPPhoneLimit,
				otp.PerResource:    rules.AuthenticationMethodRequestResendOTPResourceLimit,
				otp.PerLegalEntity: rules.AuthenticationMethodRequestResendOTPLegalEntityLimit,
			})
		}},
	},
)
