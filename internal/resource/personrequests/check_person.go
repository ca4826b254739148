package personrequests

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/address"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/subject"
)

// maxAge is the age that nobody exceeds (MAX_AGE of IL 2019).
const maxAge = 150

// personChecks are those of the person alone. The ones of an update pass when a
// person is registered.
func personChecks(f rules.ID) []operation.Check[*creating] {
	return []operation.Check[*creating]{
		{Rule: f + "person", Pass: func(ctx context.Context, s *creating) (err error) {
			if s.isUpdate() {
				s.registered, err = s.lookUp(ctx, *s.person.ID)
			}
			return err
		}},
		{Rule: f + "person_active", Pass: func(_ context.Context, s *creating) error {
			return operation.Expect(s.registered == nil || s.registered.active, "status of the person", "active", "another")
		}},
		{Rule: f + "birth_date", Pass: func(_ context.Context, s *creating) error {
			return operation.Unless(s.person.BirthDate <= s.today && s.age <= maxAge)
		}},
		{Rule: f + "tax_id_refused", Pass: func(_ context.Context, s *creating) error {
			return operation.Unless(!s.person.NoTaxID || s.person.TaxID == nil)
		}},
		{Rule: f + "tax_id_required", Pass: func(_ context.Context, s *creating) error {
			return operation.Unless(s.person.NoTaxID || s.person.TaxID != nil || s.age < s.Config.NoSelfAuthAge)
		}},
		{Rule: f + "tax_id_unique", Pass: func(ctx context.Context, s *creating) error {
			if s.person.TaxID == nil || !s.Config.TaxIDUniqueness {
				return nil
			}
			taken, err := s.Store.isTaxIDTaken(ctx, *s.person.TaxID, s.registered)
			if err != nil {
				return err
			}
			return operation.Unless(!taken)
		}},
		{Rule: f + "residence", Pass: func(_ context.Context, s *creating) error {
			n := 0
			for _, sent := range s.person.Addresses {
				if sent.Type == "RESIDENCE" {
					n++
				}
			}
			return operation.Expect(n == 1, "number of RESIDENCE addresses", 1, n)
		}},
	}
}

// lookUp returns a person of the register; fault.ErrNotFound when there is none.
func (s *creating) lookUp(ctx context.Context, id string) (*registered, error) {
	parsed, ok := envelope.ParseID(id)
	if !ok {
		return nil, fault.ErrNotFound
	}
	return s.Store.registered(ctx, s.Store.Pool, parsed, s.Now, s.Config.LegalCapacityDocumentTypes)
}

// addressChecks are those that every address with a settlement has to stand.
func addressChecks(f rules.ID) (checks []operation.Check[*creating]) {
	for _, c := range slices.Concat(address.Named, address.Agreeing) {
		rule := f + rules.ID(c.Rule)
		checks = append(checks, operation.Check[*creating]{Rule: rule, Pass: func(_ context.Context, s *creating) error {
			var refused operation.Refusals
			for i := range s.places {
				p := &s.places[i]
				if c.Passes(s.Addresses, p) {
					continue
				}
				var args []any
				if c.ID != nil {
					args = []any{"id", c.ID(p)}
				}
				refused = append(refused, fault.RefuseItem(rule, i, nil, args...))
			}
			return refused.OrNil()
		}})
	}
	return checks
}

// confidantChecks ask who acts for the person: of the body when a person is
// registered, of the register in an update.
func confidantChecks(f rules.ID) []operation.Check[*creating] {
	return []operation.Check[*creating]{
		{Rule: f + "confidant_for_child", Pass: func(_ context.Context, s *creating) error {
			return operation.Expect(s.hasConfidant() || s.age >= s.Config.NoSelfRegistrationAge, "confidant person", "one", "none")
		}},
		{Rule: f + "confidant_for_minor", Pass: func(_ context.Context, s *creating) error {
			needed := isMinor(s.age, s.Config) && !s.provesCapacity()
			return operation.Expect(s.hasConfidant() || !needed, "confidant person or document of legal capacity", "one", "none")
		}},
		{Rule: f + "confidant_unwanted", Pass: func(_ context.Context, s *creating) error {
			return operation.Unless(s.person.ConfidantPerson == nil || !isMinor(s.age, s.Config) || !s.provesCapacity())
		}},
		{Rule: f + "confidant", Pass: func(ctx context.Context, s *creating) (err error) {
			if s.person.ConfidantPerson == nil {
				return nil
			}
			if s.confidant, err = s.lookUp(ctx, s.person.ConfidantPerson.PersonID); err != nil {
				return err
			}
			return operation.Expect(s.confidant.active, "status of the confidant person", "active", "another")
		}},
		{Rule: f + "confidant_dependent", Pass: func(_ context.Context, s *creating) error {
			return operation.Unless(s.confidant == nil || !s.confidant.needsConfidant(&s.Caller))
		}},
		{Rule: f + "confidant_verified", Pass: func(_ context.Context, s *creating) error {
			return operation.Unless(s.confidant == nil || s.confidant.verificationStatus != subject.NotVerified)
		}},
		ofRelationship(f+"relationship_double", func(s *creating, i int) bool {
			all := s.person.ConfidantPerson.DocumentsRelationship
			return !slices.ContainsFunc(all[:i], func(d api.PersonRequestRelationshipDocument) bool { return d.Type == all[i].Type })
		}),
		ofRelationship(f+"relationship_issued", func(s *creating, i int) bool {
			return s.person.ConfidantPerson.DocumentsRelationship[i].IssuedAt <= s.today
		}),
		ofRelationship(f+"relationship_born", func(s *creating, i int) bool {
			return s.person.ConfidantPerson.DocumentsRelationship[i].IssuedAt >= s.person.BirthDate
		}),
		ofRelationship(f+"relationship_active", func(s *creating, i int) bool {
			until := s.person.ConfidantPerson.DocumentsRelationship[i].ActiveTo
			return until == nil || *until > s.today
		}),
	}
}

func (s *creating) hasConfidant() bool {
	if s.registered != nil {
		return s.registered.hasConfidant
	}
	return s.person.ConfidantPerson != nil
}

// provesCapacity tells whether the person sends a document that proves legal capacity.
func (s *creating) provesCapacity() bool { return s.hasType(s.Config.LegalCapacityDocumentTypes...) }

// ofRelationship makes a check of each document of the confidant person.
func ofRelationship(rule rules.ID, passes func(s *creating, i int) bool) operation.Check[*creating] {
	return eachItem(rule, func(s *creating) int {
		if s.person.ConfidantPerson == nil {
			return 0
		}
		return len(s.person.ConfidantPerson.DocumentsRelationship)
	}, func(s *creating, i int) ([]any, bool) {
		return []any{"type", s.person.ConfidantPerson.DocumentsRelationship[i].Type}, passes(s, i)
	})
}

// eachItem makes a check of each item of a list; args fill the rule's texts.
func eachItem(rule rules.ID, count func(s *creating) int, passes func(s *creating, i int) (args []any, ok bool)) operation.Check[*creating] {
	return operation.Check[*creating]{Rule: rule, Pass: func(_ context.Context, s *creating) error {
		var refused operation.Refusals
		for i := range count(s) {
			if args, ok := passes(s, i); !ok {
				refused = append(refused, fault.RefuseItem(rule, i, nil, args...))
			}
		}
		return refused.OrNil()
	}}
}

// registered is a person of the register.
type registered struct {
	id                 uuid.UUID
	born               time.Time
	age                int
	isActive           bool // not taken out of the register
	active             bool
	verificationStatus string
	hasConfidant       bool // an approved one
	hasCapacity        bool // by a document
}

// needsConfidant tells whether somebody must act for the person (wiki 17999298851).
func (r *registered) needsConfidant(c *operation.Caller) bool {
	switch {
	case r.age < c.Config.NoSelfRegistrationAge:
		return true
	case isMinor(r.age, c.Config):
		return !r.hasCapacity
	}
	return r.hasConfidant
}
