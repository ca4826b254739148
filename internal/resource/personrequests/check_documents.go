package personrequests

import (
	"context"
	"slices"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
)

const nationalID = "NATIONAL_ID"

// documentChecks are those of the person's documents and phones, and of whether the
// person is registered already.
func documentChecks(f rules.ID) []operation.Check[*creating] {
	return []operation.Check[*creating]{
		{Rule: f + "unzr_birth_date", Pass: func(_ context.Context, s *creating) error { return operation.Unless(s.unzrFits()) }},
		{Rule: f + "unzr_required", Pass: func(_ context.Context, s *creating) error {
			return operation.Unless(s.person.Unzr != nil || !s.hasType(nationalID))
		}},
		{Rule: f + "birth_certificate", Pass: func(_ context.Context, s *creating) error {
			return operation.Unless(s.age >= s.Config.NoSelfAuthAge || s.foreign || s.hasType(birthCertificate, "BIRTH_CERTIFICATE_FOREIGN"))
		}},
		ofDocument(f+"document_double", func(s *creating, i int, d api.PersonRequestDocument) bool {
			return !slices.ContainsFunc(s.person.Documents[:i], func(earlier api.PersonRequestDocument) bool { return earlier.Type == d.Type })
		}),
		phoneDoubles(f+"phone_double", func(s *creating) []api.PersonRequestPhone {
			if s.person.Phones == nil {
				return nil
			}
			return *s.person.Phones
		}),
		phoneDoubles(f+"contact_phone_double", func(s *creating) []api.PersonRequestPhone { return s.person.EmergencyContact.Phones }),
		{Rule: f + "passports", Pass: func(_ context.Context, s *creating) error {
			return operation.Unless(!s.hasType(nationalID) || !s.hasType("PASSPORT"))
		}},
		ofDocument(f+"issued", func(s *creating, _ int, d api.PersonRequestDocument) bool { return d.IssuedAt <= s.today }),
		ofDocument(f+"issued_born", func(s *creating, _ int, d api.PersonRequestDocument) bool { return d.IssuedAt >= s.person.BirthDate }),
		ofDocument(f+"expiration_required", func(s *creating, _ int, d api.PersonRequestDocument) bool {
			return d.ExpirationDate != nil || !slices.Contains(s.Config.ExpiringDocumentTypes, d.Type)
		}),
		ofDocument(f+"expiration", func(s *creating, _ int, d api.PersonRequestDocument) bool {
			return d.ExpirationDate == nil || *d.ExpirationDate >= s.today
		}),
		ofDocument(f+"document_type", func(s *creating, _ int, d api.PersonRequestDocument) bool {
			return slices.Contains(s.registrationTypes(), d.Type) || slices.Contains(s.Config.LegalCapacityDocumentTypes, d.Type)
		}),
		{Rule: f + "capacity_age", Pass: func(_ context.Context, s *creating) error {
			proofs := s.capacityDocuments()
			if len(proofs) == 0 || isMinor(s.age, s.Config) {
				return nil
			}
			return operation.Unless(false, "type", proofs[0])
		}},
		{Rule: f + "capacity_alone", Pass: func(_ context.Context, s *creating) error {
			return operation.Unless(!s.provesCapacity() || s.hasType(s.registrationTypes()...))
		}},
		{Rule: f + "capacity_one", Pass: func(_ context.Context, s *creating) error {
			n := len(s.capacityDocuments())
			return operation.Expect(n <= 1, "number of documents of legal capacity", "at most 1", n)
		}},
		{Rule: f + "duplicate", Pass: func(ctx context.Context, s *creating) error {
			if s.isUpdate() {
				return nil
			}
			known, err := s.Store.isRegistered(ctx, s)
			if err != nil {
				return err
			}
			return operation.Expect(!known, "person", "not registered", "registered")
		}},
	}
}

// registrationTypes of documents prove who a person is.
func (s *creating) registrationTypes() []string {
	if s.version == v3 {
		return slices.Concat(s.Config.RegistrationDocumentTypes, s.Config.ForeignDocumentTypes)
	}
	return s.Config.RegistrationDocumentTypes
}

// capacityDocuments are the types of the documents that prove legal capacity.
func (s *creating) capacityDocuments() (types []string) {
	for _, d := range s.person.Documents {
		if slices.Contains(s.Config.LegalCapacityDocumentTypes, d.Type) {
			types = append(types, d.Type)
		}
	}
	return types
}

// ofDocument makes a check of each document of the person.
func ofDocument(rule rules.ID, passes func(s *creating, i int, d api.PersonRequestDocument) bool) operation.Check[*creating] {
	return eachItem(rule, func(s *creating) int { return len(s.person.Documents) }, func(s *creating, i int) ([]any, bool) {
		d := s.person.Documents[i]
		return []any{"type", d.Type}, passes(s, i, d)
	})
}

// phoneDoubles refuses each phone whose type an earlier one has.
func phoneDoubles(rule rules.ID, list func(s *creating) []api.PersonRequestPhone) operation.Check[*creating] {
	return eachItem(rule, func(s *creating) int { return len(list(s)) }, func(s *creating, i int) ([]any, bool) {
		all := list(s)
		return []any{"type", all[i].Type}, !slices.ContainsFunc(all[:i], func(earlier api.PersonRequestPhone) bool { return earlier.Type == all[i].Type })
	})
}
