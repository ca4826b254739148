package personrequests

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/otp"
)

// ApprovePersonRequest serves PATCH /api/v2/person_requests/{id}/actions/approve.
func (a *API) ApprovePersonRequest(ctx context.Context, req api.ApprovePersonRequestRequestObject) (api.ApprovePersonRequestResponseObject, error) {
	s := a.acting(ctx, req.ID, v2)
	if req.Body != nil {
		s.code = req.Body.VerificationCode
	}
	if err := approves[v2].Run(ctx, s); err != nil {
		return nil, err
	}
	return api.ApprovePersonRequest201JSONResponse{Meta: envelope.Meta(ctx, http.StatusCreated), Data: s.found.show()}, nil
}

// approves confirm a request.
var approves = ofVersions(approval)

func approval(v version) *operation.RowTransition[*acting] {
	f := v.family("approve")
	return &operation.RowTransition[*acting]{
		ID: v.operation("approvePersonRequest"),
		Checks: slices.Concat(ofRequest(v, "approve"), []operation.Check[*acting]{
			{Rule: f + "channel", Pass: func(_ context.Context, s *acting) error {
				return operation.Expect(s.found.Channel == channelMIS, "channel of the person request", channelMIS, s.found.Channel)
			}},
			{Rule: f + "status", Pass: isIn(api.PersonRequestStatusNEW)},
			{Rule: f + "method", Pass: func(_ context.Context, s *acting) error {
				return operation.Expect(s.found.Method.Type != "", "authentication_method_current", "a method", "null")
			}},
			{Rule: f + "code_required", Pass: func(_ context.Context, s *acting) error {
				return operation.Unless(s.found.Method.Type != methodOTP || s.code != nil)
			}},
			{Rule: f + "attempts", Or: []rules.ID{f + "code_expired", f + "code"}, Pass: enterCode},
			{Rule: f + "documents", Pass: scansAreThere},
		}),
		Moves:     moves(api.PersonRequestStatusAPPROVED, api.PersonRequestStatusNEW),
		Unchanged: unchanged, // another approval may have used the code
		Write: func(ctx context.Context, s *acting) error {
			form, err := printedForm(s.found)
			if err != nil {
				return err
			}
			return s.setStatus(ctx, api.PersonRequestStatusAPPROVED, &form)
		},
	}
}

// enterCode passes when the code is the one that was sent for the request. It is used up by the transaction that approves.
func enterCode(ctx context.Context, s *acting) (err error) {
	if s.found.Method.Type != methodOTP {
		return nil
	}
	f := s.version.family("approve")
	s.verification, err = s.Codes.Judge(ctx, s.found.Method.PhoneNumber, s.found.ID, otp.Entered(s.code))
	//nolint:wrapcheck // a refusal, or an error that says what failed
	return otp.Rejection(err, s.Config, f+"attempts", f+"code_expired", f+"code")
}

// scansAreThere passes when all scans that were asked for have been sent.
func scansAreThere(ctx context.Context, s *acting) error {
	return s.haveArrived(ctx, s.found.Uploads, func(scan upload) string { return scan.name(s.found.ID) })
}

// haveArrived passes when all scans have been sent. name is that of a scan in the media store.
func (a *API) haveArrived(ctx context.Context, scans []upload, name func(upload) string) error {
	names := make([]string, len(scans))
	for i, scan := range scans {
		names[i] = name(scan)
	}
	missing, err := a.Media.Missing(ctx, names)
	if err != nil {
		return err //nolint:wrapcheck // says what failed
	}
	var types []string
	for i, name := range names {
		if slices.Contains(missing, name) {
			types = append(types, scans[i].Type)
		}
	}
	return operation.Expect(len(types) == 0, "scans", "all that were asked for", fmt.Sprintf("%d missing", len(types)), "types", strings.Join(types, ", "))
}

// moves are the ways to a status.
func moves(to api.PersonRequestStatus, from ...api.PersonRequestStatus) *operation.Moves {
	m := &operation.Moves{Collection: table, Attribute: "status", To: []string{string(to)}}
	for _, status := range from {
		m.From = append(m.From, string(status))
	}
	return m
}

// setStatus moves the request from the status in which it was read.
func (s *acting) setStatus(ctx context.Context, to api.PersonRequestStatus, form *string) error {
	if err := s.Store.setStatus(ctx, s, to, form); err != nil {
		return err
	}
	s.found.Status = to
	if form != nil {
		s.found.Content = form
	}
	return nil
}
