package declarationrequests

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/subject"
)

// Specialities of doctors who have declarations.
const (
	pediatrician = "PEDIATRICIAN"
	therapist    = "THERAPIST"
	familyDoctor = "FAMILY_DOCTOR"
)

// doctor is what decides about the doctor of a new request.
type doctor struct {
	party, legalEntity uuid.UUID
	kind               string
	approved           bool
	officio            string // official speciality of the position; "" when it has none
	specialities       []string
}

// division is what decides about the division of a new request.
type division struct {
	legalEntity uuid.UUID
	active      bool
}

// person is what decides about the person of a new request.
type person struct {
	born               time.Time
	active             bool
	verificationStatus string
	noTaxID, hasTaxID  bool
	documents          []string // their types
	hasConfidant       bool
	hasPendingRequest  bool
}

// confirming is a way in which the person confirms; kind and phone are those of the
// third person when one confirms.
type confirming struct {
	id          uuid.UUID
	kind, phone string
}

// parent is an active declaration that the new one carries on.
type parent struct {
	person  uuid.UUID
	related bool // its legal entity was reorganised into that of the request
}

// doctorChecks ask who calls, with which doctor, and where.
var doctorChecks = []operation.Check[*creating]{
	{Rule: rules.DeclarationRequestCreateLegalEntityActive, Caller: func(c *operation.Caller) error {
		ok := c.LegalEntity != nil && c.LegalEntity.IsActive && c.LegalEntity.Status == subject.Active
		return operation.ExpectStatus(c.LegalEntity, ok, subject.Active)
	}},
	{Rule: rules.DeclarationRequestCreateLegalEntityType, Caller: func(c *operation.Caller) error {
		found := "none"
		if c.LegalEntity != nil {
			found = c.LegalEntity.Type
		}
		return operation.Expect(slices.Contains(c.Config.DeclarationLETypes, found), "type of the caller's legal entity", c.Config.DeclarationLETypes, found)
	}},
	{Rule: rules.DeclarationRequestCreateEmployee, Pass: func(ctx context.Context, s *creating) (err error) {
		s.doctor, err = s.Store.doctor(ctx, *parsed(&s.body.EmployeeID))
		return err
	}},
	{Rule: rules.DeclarationRequestCreateEmployeeStatus, Pass: func(_ context.Context, s *creating) error {
		return operation.Expect(s.doctor.approved, "status of the employee", "APPROVED", "another")
	}},
	{Rule: rules.DeclarationRequestCreateSpeciality, Pass: func(_ context.Context, s *creating) error {
		wanted := []string{pediatrician, therapist, familyDoctor}
		has := slices.ContainsFunc(s.doctor.specialities, func(found string) bool { return slices.Contains(wanted, found) })
		return operation.Expect(has, "specialities of the employee", wanted, s.doctor.specialities)
	}},
	{Rule: rules.DeclarationRequestCreateDivision, Pass: func(ctx context.Context, s *creating) (err error) {
		s.division, err = s.Store.division(ctx, *parsed(&s.body.DivisionID))
		return err
	}},
	{Rule: rules.DeclarationRequestCreateDivisionStatus, Pass: func(_ context.Context, s *creating) error {
		return operation.Expect(s.division.active, "status of the division", "ACTIVE", "INACTIVE")
	}},
	{Rule: rules.DeclarationRequestCreateEmployeeLegalEntity, Pass: func(_ context.Context, s *creating) error {
		return operation.Expect(s.doctor.legalEntity == s.ClientID, "legal entity of the employee", s.ClientID, "another legal entity")
	}},
	{Rule: rules.DeclarationRequestCreateDivisionLegalEntity, Pass: func(_ context.Context, s *creating) error {
		return operation.Expect(s.division.legalEntity == s.ClientID, "legal entity of the division", s.ClientID, "another legal entity")
	}},
	{Rule: rules.DeclarationRequestCreateEmployeeType, Pass: func(_ context.Context, s *creating) error {
		return operation.Expect(s.doctor.kind == "DOCTOR", "type of the employee", "DOCTOR", s.doctor.kind)
	}},
}

// personChecks ask about the person, and find out how the person can confirm.
var personChecks = []operation.Check[*creating]{
	{Rule: rules.DeclarationRequestCreatePerson, Pass: func(ctx context.Context, s *creating) (err error) {
		id := *parsed(&s.body.PersonID)
		if s.person, err = s.Store.person(ctx, id, s.Now); err != nil {
			return err
		}
		s.methods, err = s.Store.methods(ctx, id, s.Now)
		s.method.kind = methodNone
		if usable := slices.IndexFunc(s.methods, func(m confirming) bool { return m.kind != methodNone }); usable >= 0 {
			s.method = s.methods[usable]
		}
		return err
	}},
	{Rule: rules.DeclarationRequestCreatePersonMethod, Pass: func(_ context.Context, s *creating) error {
		return operation.Expect(s.method.kind != methodNone, "active authentication methods of the person", "OTP, OFFLINE or THIRD_PERSON", "none")
	}},
	{Rule: rules.DeclarationRequestCreatePersonActive, Pass: func(_ context.Context, s *creating) error {
		return operation.Expect(s.person.active, "status of the person", "active", "another")
	}},
	{Rule: rules.DeclarationRequestCreatePersonVerified, Pass: func(_ context.Context, s *creating) error {
		return operation.Expect(s.person.verificationStatus != subject.NotVerified, "verification status of the person", "any but NOT_VERIFIED", subject.NotVerified)
	}},
}

// methodChecks ask about the method that the request names.
var methodChecks = []operation.Check[*creating]{
	{Rule: rules.DeclarationRequestCreateMethod, Or: []rules.ID{rules.DeclarationRequestCreateMethodOwner, rules.DeclarationRequestCreateMethodActive}, Pass: chosenMethod},
	{Rule: rules.DeclarationRequestCreateMethodNa, Pass: func(_ context.Context, s *creating) error {
		return operation.Expect(s.body.AuthorizeWith == nil || s.method.kind != methodNone, "authentication method", "any but NA", methodNone)
	}},
}

// chosenMethod passes when authorize_with is an active method of the person. When it
// is not, it finds out why.
func chosenMethod(ctx context.Context, s *creating) error {
	if s.body.AuthorizeWith == nil {
		return nil
	}
	id := *parsed(s.body.AuthorizeWith)
	if i := slices.IndexFunc(s.methods, func(m confirming) bool { return m.id == id }); i >= 0 {
		s.method = s.methods[i]
		return nil
	}
	owner, err := s.Store.methodOwner(ctx, id)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return fault.Refuse(rules.DeclarationRequestCreateMethod)
	case err != nil:
		return err
	case owner != *parsed(&s.body.PersonID):
		return fault.Refuse(rules.DeclarationRequestCreateMethodOwner)
	}
	return fault.Refuse(rules.DeclarationRequestCreateMethodActive).Because("authentication method", "active", "ended")
}

// parentChecks ask about the declaration that the new one carries on.
var parentChecks = []operation.Check[*creating]{
	{Rule: rules.DeclarationRequestCreateParent, Pass: func(ctx context.Context, s *creating) (err error) {
		if s.body.ParentDeclarationID != nil {
			s.parent, err = s.Store.parent(ctx, *parsed(s.body.ParentDeclarationID), s.ClientID)
		}
		return err
	}},
	{Rule: rules.DeclarationRequestCreateParentPerson, Pass: func(_ context.Context, s *creating) error {
		return operation.Expect(s.parent == nil || s.parent.person == *parsed(&s.body.PersonID), "person of the parent declaration", "person_id", "another person")
	}},
	{Rule: rules.DeclarationRequestCreateParentLegalEntity, Pass: func(_ context.Context, s *creating) error {
		return operation.Expect(s.parent == nil || s.parent.related, "legal entity of the parent declaration", "one that was reorganised into the caller's", "another")
	}},
}

// suitChecks ask whether doctor and person suit each other, and whether the person
// has what a declaration needs.
var suitChecks = []operation.Check[*creating]{
	{Rule: rules.DeclarationRequestCreateAge, Pass: func(_ context.Context, s *creating) error {
		adult := clock.Age(s.person.born, s.Now) >= s.Config.AdultAge
		suits := s.doctor.officio == familyDoctor || s.doctor.officio == therapist && adult || s.doctor.officio == pediatrician && !adult
		return operation.Expect(suits, "official speciality of the doctor", "one for the person's age", s.doctor.officio)
	}},
	{Rule: rules.DeclarationRequestCreateConfidant, Pass: func(_ context.Context, s *creating) error {
		return operation.Expect(!s.isYoung() || s.person.hasConfidant, "approved confidant person", "one", "none")
	}},
	{Rule: rules.DeclarationRequestCreateChildDocument, Pass: func(_ context.Context, s *creating) error {
		wanted := s.Config.DeclarationChildDocumentTypes
		return operation.Expect(!s.isYoung() || s.hasDocument(wanted), "document types of the person", wanted, s.person.documents, "years", s.Config.NoSelfAuthAge)
	}},
	{Rule: rules.DeclarationRequestCreateDocument, Pass: func(_ context.Context, s *creating) error {
		wanted := s.Config.DeclarationDocumentTypes
		asked := clock.Age(s.person.born, s.Now) > s.Config.NoSelfAuthAge
		return operation.Expect(!asked || s.hasDocument(wanted), "document types of the person", wanted, s.person.documents, "types", strings.Join(wanted, ", "))
	}},
	{Rule: rules.DeclarationRequestCreatePersonRequest, Pass: func(_ context.Context, s *creating) error {
		return operation.Expect(!s.person.hasPendingRequest, "person requests for the person", "none that is NEW or APPROVED", "one")
	}},
	{
		Rule: rules.DeclarationRequestCreateRate,
		Or:   []rules.ID{rules.DeclarationRequestCreateCodeLimit, rules.DeclarationRequestCreateLegalEntityLimit}, Pass: codeMayBeSent,
	},
}

// isYoung tells whether somebody else confirms for the person.
func (s *creating) isYoung() bool { return clock.Age(s.person.born, s.Now) < s.Config.NoSelfAuthAge }

// hasDocument tells whether the person has a document of one of the types, or none
// is asked for.
func (s *creating) hasDocument(types []string) bool {
	return len(types) == 0 || slices.ContainsFunc(s.person.documents, func(kind string) bool { return slices.Contains(types, kind) })
}
