package personrequests

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/postgres"
)

// ApproveAuthenticationMethodRequest serves PATCH /api/persons/{id}/authentication_method_requests/{request_id}/actions/approve.
func (a *API) ApproveAuthenticationMethodRequest(
	ctx context.Context, req api.ApproveAuthenticationMethodRequestRequestObject,
) (api.ApproveAuthenticationMethodRequestResponseObject, error) {
	s := &methodApproving{ofPerson: a.ofPerson(ctx, req.ID), pathID: req.RequestID}
	if req.Body != nil {
		s.code = req.Body.VerificationCode
	}
	if err := ApproveMethodRequest.Run(ctx, s); err != nil {
		return nil, err
	}
	return api.ApproveAuthenticationMethodRequest201JSONResponse{Meta: envelope.Meta(ctx, http.StatusCreated), Data: s.found.show()}, nil
}

// methodApproving is one call of approveAuthenticationMethodRequest.
type methodApproving struct {
	ofPerson
	pathID       string
	code         any // verification_code of the body
	found        *methodRequest
	verification uuid.UUID // of the right code
}

// ApproveMethodRequest changes how a person confirms.
var ApproveMethodRequest = operation.RowTransition[*methodApproving]{
	ID: "approveAuthenticationMethodRequest",
	Checks: slices.Concat(
		personOfPath[*methodApproving]("authentication_method_request.approve."),
		[]operation.Check[*methodApproving]{
			{Rule: rules.AuthenticationMethodRequestApproveNotFound, Pass: func(ctx context.Context, s *methodApproving) error {
				id, err := parsed(s.pathID)
				if err != nil {
					return err
				}
				s.found, err = s.Store.methodRequest(ctx, id, s.person.id)
				return err
			}},
			{Rule: rules.AuthenticationMethodRequestApproveStatus, Pass: func(_ context.Context, s *methodApproving) error {
				return operation.Expect(s.found.Status == api.AuthenticationMethodRequestStatusNEW, "status", api.AuthenticationMethodRequestStatusNEW, s.found.Status)
			}},
			{Rule: rules.AuthenticationMethodRequestApproveCodeRequired, Pass: func(_ context.Context, s *methodApproving) error {
				return operation.Expect(s.found.Current.Type != methodOTP || s.code != nil, "verification_code", "the code of the SMS", "nothing")
			}},
			{
				Rule: rules.AuthenticationMethodRequestApproveAttempts,
				Or:   []rules.ID{rules.AuthenticationMethodRequestApproveCodeExpired, rules.AuthenticationMethodRequestApproveCode}, Pass: enterMethodCode,
			},
			{Rule: rules.AuthenticationMethodRequestApproveDocuments, Pass: func(ctx context.Context, s *methodApproving) error {
				return s.haveArrived(ctx, s.found.Uploads, s.found.scan)
			}},
		},
	),
	Moves: &operation.Moves{
		Collection: methodTable, Attribute: "status", From: []string{string(api.AuthenticationMethodRequestStatusNEW)},
		To: []string{string(api.AuthenticationMethodRequestStatusCOMPLETED)},
	},
	Unchanged: func(ctx context.Context, s *methodApproving) error { // another approval may have used the code
		if s.found == nil {
			return nil
		}
		latest, err := s.Store.methodRequest(ctx, s.found.ID, s.person.id)
		if err == nil && latest.Status != s.found.Status {
			return fault.ErrStale
		}
		return err
	},
	Write: func(ctx context.Context, s *methodApproving) error {
		//nolint:wrapcheck // says what failed
		err := postgres.InTx(ctx, s.Store.Pool, func(tx postgres.Tx) error { return s.Store.completeMethodRequest(ctx, tx, s) })
		if err == nil {
			s.found.Status = api.AuthenticationMethodRequestStatusCOMPLETED
		}
		return err
	},
}

// enterMethodCode passes when the code is the one that was sent for the request. It is used up by the transaction that approves.
func enterMethodCode(ctx context.Context, s *methodApproving) (err error) {
	if s.found.Current.Type != methodOTP {
		return nil
	}
	s.verification, err = s.Codes.Judge(ctx, s.found.Current.PhoneNumber, s.found.ID, otp.Entered(s.code))
	//nolint:wrapcheck // a refusal, or an error that says what failed
	return otp.Rejection(err, s.Config, rules.AuthenticationMethodRequestApproveAttempts,
		rules.AuthenticationMethodRequestApproveCodeExpired, rules.AuthenticationMethodRequestApproveCode)
}

// mustBeLookedAt tells whether the National Health Service verifies the person after the change (wiki 18060312665).
func (s *methodApproving) mustBeLookedAt(is *identity) bool {
	if s.found.Method.Type != nil && *s.found.Method.Type == methodOffline {
		return true
	}
	if s.person.age < s.Config.NoSelfAuthAge {
		return is.numbers(foreignCertificate) != ""
	}
	return is.NoTaxID || is.TaxID != nil && !is.taxIDFits() || is.numbers(residencePermit) != ""
}

// taxIDFits tells whether the tax id tells the birth date and the gender of the person: it begins with the days since the
// end of 1899, and its ninth digit is odd for men.
func (i *identity) taxIDFits() bool {
	const days, gender, length, day = 5, 8, 10, 24 * time.Hour
	born, err := time.Parse(time.DateOnly, i.BirthDate)
	if err != nil || len(*i.TaxID) != length {
		return false
	}
	counted := int(born.Sub(time.Date(1899, time.December, 31, 0, 0, 0, 0, time.UTC)) / day)
	told, err := strconv.Atoi((*i.TaxID)[:days])
	return err == nil && told == counted && ((*i.TaxID)[gender]%2 == 1) == (i.Gender == "MALE")
}
