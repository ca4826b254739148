package declarationrequests

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/subject"
)

// ApproveDeclarationRequest serves PATCH /api/v3/declaration_requests/{id}/actions/approve.
func (a *API) ApproveDeclarationRequest(
	ctx context.Context, req api.ApproveDeclarationRequestRequestObject,
) (api.ApproveDeclarationRequestResponseObject, error) {
	s := &acting{reading: reading{Caller: a.Engine.Caller(ctx), API: a, pathID: req.ID}}
	if req.Body != nil {
		s.code = req.Body.VerificationCode
	}
	if err := approve.Run(ctx, s); err != nil {
		return nil, err
	}
	data, err := renderDetails(s.found)
	if err != nil {
		return nil, err
	}
	return api.ApproveDeclarationRequest201JSONResponse{Meta: envelope.Meta(ctx, http.StatusCreated), Data: data}, nil
}

// acting is one call of an operation that moves a stored request.
type acting struct {
	reading
	code         any // verification_code of the body
	verification uuid.UUID
	state        *state
	limit        int // of the doctor's declarations
}

// state is what a request is about, as it is now.
type state struct {
	verificationStatus string // of the person
	noTaxID            bool
	parentIsActive     bool
	party, legalEntity *uuid.UUID // of the doctor; nil: there is no such employee
	isEmployed         bool
}

// approve confirms a request.
var approve = operation.RowTransition[*acting]{
	ID: "approveDeclarationRequest",
	Checks: slices.Concat(ofRequest[*acting]("declaration_request.approve."), []operation.Check[*acting]{
		{Rule: rules.DeclarationRequestApproveVersion, Pass: isOfV3[*acting]},
		{Rule: rules.DeclarationRequestApprovePatient, Pass: func(_ context.Context, s *acting) error {
			return operation.Expect(s.found.Channel == channelMIS, "channel of the declaration request", channelMIS, s.found.Channel)
		}},
		{Rule: rules.DeclarationRequestApproveStatus, Pass: isIn[*acting](statusNew)},
		{Rule: rules.DeclarationRequestApprovePerson, Pass: func(ctx context.Context, s *acting) (err error) {
			s.state, err = s.Store.state(ctx, s.found)
			return err
		}},
		{Rule: rules.DeclarationRequestApprovePersonVerified, Pass: func(_ context.Context, s *acting) error { return isVerified(s.state) }},
		{Rule: rules.DeclarationRequestApproveCodeRequired, Pass: func(_ context.Context, s *acting) error {
			return operation.Unless(s.found.Method.Type != methodOTP || s.code != nil)
		}},
		{
			Rule: rules.DeclarationRequestApproveAttempts,
			Or:   []rules.ID{rules.DeclarationRequestApproveCodeExpired, rules.DeclarationRequestApproveCode}, Pass: enterCode,
		},
		{Rule: rules.DeclarationRequestApproveDocuments, Pass: scansAreThere},
		{Rule: rules.DeclarationRequestApproveParent, Pass: func(_ context.Context, s *acting) error { return parentIsActive(s.found, s.state) }},
		{Rule: rules.DeclarationRequestApproveDoctor, Pass: func(_ context.Context, s *acting) error {
			return operation.Expect(s.state.party != nil, "employee of the declaration request", "one with a party", "none")
		}},
		{Rule: rules.DeclarationRequestApproveLimit, Pass: func(ctx context.Context, s *acting) error {
			load, err := s.Store.load(ctx, s.Store.Pool, *s.state.party, s.person())
			if err != nil {
				return err
			}
			s.limit = load.limit(s.Config)
			return operation.Expect(load.count < s.limit, "declarations of the doctor and approved requests", fmt.Sprintf("fewer than %d", s.limit), load.count, "count", load.count)
		}},
	}),
	Moves:     moves(statusApproved, statusNew),
	Unchanged: unchanged[*acting], // another approval may have used the code, and taken the doctor's last place
	Write: func(ctx context.Context, s *acting) error {
		signed, form, err := s.toBeSigned(ctx)
		if err != nil {
			return err
		}
		m := movement{to: statusApproved, dataToBeSigned: signed, form: &form}
		err = postgres.InTx(ctx, s.Store.Pool, func(tx postgres.Tx) error {
			if err := s.takePlace(ctx, tx); err != nil {
				return err
			}
			if s.found.Method.Type == methodOTP {
				if err := s.Codes.Use(ctx, tx, s.verification, s.found.Method.Number); err != nil {
					return err
				}
			}
			return s.Store.move(ctx, tx, s, m)
		})
		if err == nil {
			s.found.moved(m)
		}
		return err
	},
}

// person that the request is for; it is one of V3.
func (s *acting) person() uuid.UUID { return *parsed(s.found.PersonID) }

// takePlace asks the limit again when it was asked, with the doctor locked: the last
// place goes to one request.
func (s *acting) takePlace(ctx context.Context, tx postgres.Tx) error {
	if s.limit == 0 {
		return nil
	}
	if err := s.Store.lockDoctor(ctx, tx, *s.state.party); err != nil {
		return err
	}
	load, err := s.Store.load(ctx, tx, *s.state.party, s.person())
	if err == nil && load.count >= s.limit {
		err = fault.ErrStale
	}
	return err
}

// enterCode passes when the code is the one that was sent for the request. It is used
// up by the transaction that approves.
func enterCode(ctx context.Context, s *acting) (err error) {
	if s.found.Method.Type != methodOTP {
		return nil
	}
	s.verification, err = s.Codes.Judge(ctx, s.found.Method.Number, s.found.ID, otp.Entered(s.code))
	if errors.Is(err, otp.ErrAttempts) { // another approval may have used it since the status was read
		latest, err := s.Store.get(ctx, s.found.ID)
		if err != nil {
			return err
		}
		if latest.Status != s.found.Status {
			return fault.ErrStale
		}
	}
	return otp.Rejection(err, s.Config,
		rules.DeclarationRequestApproveAttempts, rules.DeclarationRequestApproveCodeExpired, rules.DeclarationRequestApproveCode)
}

// scansAreThere passes when all scans that were asked for have been sent.
func scansAreThere(ctx context.Context, s *acting) error {
	names := make([]string, len(s.found.Documents))
	for i, scan := range s.found.Documents {
		names[i] = scan.name(s.found.ID)
	}
	missing, err := s.Media.Missing(ctx, names)
	if err != nil {
		return err
	}
	var types []string
	for i, name := range names {
		if slices.Contains(missing, name) {
			types = append(types, s.found.Documents[i].Type)
		}
	}
	return operation.Expect(len(types) == 0, "scans", "all that were asked for", fmt.Sprintf("%d missing", len(types)), "types", strings.Join(types, ", "))
}

// isVerified passes when the person is not NOT_VERIFIED.
func isVerified(now *state) error {
	return operation.Expect(now.verificationStatus != subject.NotVerified, "verification status of the person", "any but NOT_VERIFIED", subject.NotVerified)
}

// parentIsActive passes when the declaration that is carried on, if there is one, is
// still active.
func parentIsActive(d *details, now *state) error {
	return operation.Expect(d.ParentDeclarationID == nil || now.parentIsActive, "declaration that is carried on", "active", "another")
}

// requesting is the state of an operation on a stored request.
type requesting interface {
	operation.State
	request() *reading
}

func (s *reading) request() *reading { return s }

// ofRequest are the checks of the request that the path names.
func ofRequest[S requesting](family rules.ID) []operation.Check[S] {
	return []operation.Check[S]{
		{Rule: family + "not_found", Pass: func(ctx context.Context, s S) error { return find(ctx, s.request()) }},
		{Rule: family + "channel", Pass: func(_ context.Context, s S) error {
			found := s.request().found
			return operation.Expect(found.isShared(), "channel of the declaration request", "one that MIS may see", found.Channel)
		}},
		{Rule: family + "legal_entity", Pass: func(_ context.Context, s S) error {
			of := s.request()
			return operation.Expect(of.found.isOf(of.ClientID), "legal entity of the declaration request", of.ClientID, "another legal entity")
		}},
	}
}

// isOfV3 passes when the request names a person by an id, as those of V3 do.
func isOfV3[S requesting](_ context.Context, s S) error {
	return operation.Expect(s.request().found.PersonID != nil, "declaration request", "of V3", "of V2")
}

// isIn passes when the request has one of the statuses.
func isIn[S requesting](statuses ...string) func(context.Context, S) error {
	return func(_ context.Context, s S) error {
		return operation.Expect(slices.Contains(statuses, s.request().found.Status), "status", statuses, s.request().found.Status)
	}
}

// unchanged tells whether the request has the status that the checks saw.
func unchanged[S requesting](ctx context.Context, s S) error {
	seen := s.request().found
	if seen == nil {
		return nil // it is not there
	}
	latest, err := s.request().Store.get(ctx, seen.ID)
	if err == nil && latest.Status != seen.Status {
		err = fault.ErrStale
	}
	return err
}

// moves are the ways to a status.
func moves(to string, from ...string) *operation.Moves {
	return &operation.Moves{Collection: table, Attribute: "status", From: from, To: []string{to}}
}
