package declarationrequests

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/validation"
)

// SignDeclarationRequest serves PATCH /api/v3/declaration_requests/{id}/actions/sign.
func (a *API) SignDeclarationRequest(
	ctx context.Context, req api.SignDeclarationRequestRequestObject,
) (api.SignDeclarationRequestResponseObject, error) {
	s := &signing{
		reading: reading{Caller: a.Engine.Caller(ctx), API: a, pathID: req.ID}, Signed: operation.Signed{Sent: req.Body.SignedDeclarationRequest},
	}
	if err := sign.Run(ctx, s); err != nil {
		return nil, err
	}
	d, now := s.found, envelope.Micro(s.Now)
	return api.SignDeclarationRequest200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: api.DeclarationSigned{
		ID: d.DeclarationID.String(), DeclarationRequestID: d.ID.String(), PersonID: *d.PersonID, LegalEntityID: d.LegalEntityID.String(),
		EmployeeID: *d.EmployeeID, DivisionID: *d.DivisionID, StartDate: *d.StartDate, EndDate: *d.EndDate, SignedAt: now, InsertedAt: now,
		Status: api.DeclarationSignedStatusActive, IsActive: true, Reason: s.reason(),
	}}, nil
}

// signing is one call of signDeclarationRequest.
type signing struct {
	reading
	operation.Signed
	state *state
}

// sign makes the declaration.
var sign = operation.RowTransition[*signing]{
	ID: "signDeclarationRequest",
	Checks: slices.Concat(
		operation.SignedContent[*signing](signFamily, 1, 0),
		[]operation.Check[*signing]{
			{Rule: rules.DeclarationRequestSignNotFound, Pass: func(ctx context.Context, s *signing) error { return find(ctx, &s.reading) }},
			{Rule: rules.DeclarationRequestSignVersion, Pass: isOfV3[*signing]},
			{Rule: rules.DeclarationRequestSignStatus, Pass: isIn[*signing](statusApproved)},
			{Rule: rules.DeclarationRequestSignPerson, Pass: func(ctx context.Context, s *signing) (err error) {
				s.state, err = s.Store.state(ctx, s.found)
				return err
			}},
			{Rule: rules.DeclarationRequestSignPersonVerified, Pass: func(_ context.Context, s *signing) error { return isVerified(s.state) }},
			{Rule: rules.DeclarationRequestSignParent, Pass: func(_ context.Context, s *signing) error { return parentIsActive(s.found, s.state) }},
			{Rule: rules.DeclarationRequestSignEmpty, Pass: func(_ context.Context, s *signing) error {
				object, _ := s.Content.JSON.(map[string]any)
				return operation.Expect(len(object) > 0, "signed content", "an object with fields", "no fields")
			}},
			{Rule: rules.DeclarationRequestSignPatientSigned, Pass: func(_ context.Context, s *signing) error {
				_, sent := s.patientSigned()
				return operation.Expect(sent, "person.patient_signed", "true", "nothing")
			}},
			{Rule: rules.DeclarationRequestSignPatientSignedTrue, Pass: func(_ context.Context, s *signing) error {
				value, sent := s.patientSigned()
				return operation.Expect(!sent || value == nil || value == true, "person.patient_signed", "true", "another value")
			}},
			{Rule: rules.DeclarationRequestSignPatientSignedNull, Pass: func(_ context.Context, s *signing) error {
				value, sent := s.patientSigned()
				return operation.Expect(!sent || value != nil || s.found.ParentDeclarationID != nil, "person.patient_signed", "true", "null")
			}},
			{Rule: rules.DeclarationRequestSignContent, Pass: isWhatWasStored},
			{Rule: rules.DeclarationRequestSignEmployee, Pass: func(_ context.Context, s *signing) error {
				of := s.state.legalEntity
				return operation.Expect(of != nil && *of == s.ClientID && s.state.isEmployed, "doctor of the declaration request",
					"APPROVED, in the legal entity of the token", "another")
			}},
			{Rule: rules.DeclarationRequestSignParty, Caller: func(c *operation.Caller) error {
				return operation.Expect(c.Party != nil, "party of the user", "one", "none")
			}},
		},
		operation.SignerIsCaller[*signing](signFamily),
	),
	Moves:     moves(statusSigned, statusApproved),
	Unchanged: unchanged[*signing], // another signature may have ended the parent declaration
	Write: func(ctx context.Context, s *signing) error {
		container, err := base64.StdEncoding.DecodeString(s.Sent)
		if err != nil {
			return fmt.Errorf("decode signed content again: %w", err)
		}
		m := movement{to: statusSigned}
		err = postgres.InTx(ctx, s.Store.Pool, func(tx postgres.Tx) error {
			if err := s.Store.lockDeclarations(ctx, tx, s); err != nil { // before the request: Create locks in this order
				return err
			}
			if err := s.Store.holdDoctor(ctx, tx, s); err != nil {
				return err
			}
			if err := s.Store.move(ctx, tx, s, m); err != nil {
				return err
			}
			if err := s.Store.declare(ctx, tx, s); err != nil {
				return err
			}
			return s.Media.Put(ctx, tx, contentName(*s.found.DeclarationID), container)
		})
		if err == nil {
			s.found.moved(m)
		}
		return err
	},
}

const signFamily = "declaration_request.sign"

// contentName of a declaration in the media store.
func contentName(declaration uuid.UUID) string {
	return "declarations/" + declaration.String() + "/signed_content"
}

// patientSigned is person.patient_signed of the content, and whether it is there.
func (s *signing) patientSigned() (value any, sent bool) {
	content, _ := s.Content.JSON.(map[string]any)
	person, _ := content["person"].(map[string]any)
	value, sent = person["patient_signed"]
	return value, sent
}

// isWhatWasStored passes when the content is data_to_be_signed, value by value, but
// for what the patient has changed by signing.
func isWhatWasStored(_ context.Context, s *signing) error {
	if len(s.found.DataToBeSigned) == 0 {
		return operation.Expect(false, "data_to_be_signed of the declaration request", "an object", "nothing")
	}
	stored, err := validation.Decode(s.found.DataToBeSigned)
	if err != nil {
		return fmt.Errorf("read declaration request %s: %w", s.found.ID, err)
	}
	content, _ := stored.JSON.(map[string]any)
	if person, ok := content["person"].(map[string]any); ok {
		if value, sent := s.patientSigned(); sent {
			person["patient_signed"] = value
		}
	}
	return operation.ExpectSame(s.Content.JSON, stored.JSON)
}

// reason of the declaration's status, of which nobody has to verify anything any more.
func (s *signing) reason() *string {
	reason := ""
	switch {
	case s.found.Method.Type == methodOffline:
		reason = "offline"
	case s.state.noTaxID && s.found.ParentDeclarationID == nil:
		reason = "no_tax_id"
	default:
		return nil
	}
	return &reason
}
