package personrequests

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// firstMethodChecks ask how the person will confirm.
func firstMethodChecks(f rules.ID) []operation.Check[*creating] {
	return []operation.Check[*creating]{
		{Rule: f + "method_third_person", Pass: func(_ context.Context, s *creating) error {
			m := s.method()
			return operation.Unless(m == nil || s.confidant == nil || m.Type == methodThird)
		}},
		{Rule: f + "method_value", Pass: func(_ context.Context, s *creating) error {
			m := s.method()
			return operation.Unless(m == nil || s.confidant == nil || m.Type != methodThird || *m.Value == s.person.ConfidantPerson.PersonID)
		}},
		{Rule: f + "method_own", Pass: func(_ context.Context, s *creating) error {
			m := s.method()
			return operation.Unless(m == nil || s.confidant != nil || m.Type != methodThird)
		}},
	}
}

// methodChecks find out how this request is confirmed.
func methodChecks(f rules.ID) []operation.Check[*creating] {
	return []operation.Check[*creating]{
		{Rule: f + "third_person_method", Pass: firstMethod},
		{Rule: f + "third_person_offline", Pass: func(_ context.Context, s *creating) error {
			refused := !s.isUpdate() && s.third != uuid.Nil && s.current.Type == methodOffline && !s.Config.ThirdPersonOffline
			return operation.Expect(!refused, "authentication method of the third person", methodOTP, s.current.Type)
		}},
		{Rule: f + "third_person_limit", Pass: func(ctx context.Context, s *creating) error {
			if limit := s.Config.ThirdPersonLimit; limit > 0 && !s.isUpdate() && s.third != uuid.Nil {
				used, err := s.Store.countThirdPersonUses(ctx, s.Store.Pool, s.third, s.Now)
				if err != nil {
					return err
				}
				return operation.Expect(used < limit, "persons for whom the third person confirms", limit, used, "limit", limit)
			}
			return nil
		}},
		{Rule: f + "phone_verified", Pass: func(ctx context.Context, s *creating) error {
			phone := s.newPhone()
			if phone == "" {
				return nil
			}
			verified, err := s.Codes.Verified(ctx, phone)
			if err != nil {
				return err //nolint:wrapcheck // says what failed
			}
			return operation.Expect(verified, "phone of the method", "verified", "not verified")
		}},
		{Rule: f + "phone_limit", Pass: func(ctx context.Context, s *creating) error {
			phone, limit := s.newPhone(), s.Config.PhoneAuthLimit
			if phone == "" || limit == 0 {
				return nil
			}
			used, err := s.Store.countPhoneUses(ctx, s.Store.Pool, phone, s.Now)
			if err != nil {
				return err
			}
			return operation.Expect(used < limit, "persons who confirm by the phone", limit, used, "limit", limit)
		}},
		{Rule: f + "authorize_third_person", Pass: chosenMethod},
		{Rule: f + "authorize_with", Pass: func(_ context.Context, s *creating) error {
			return operation.Unless(!s.choosesMethod() || s.chosen != nil && s.chosen.Type != methodNone)
		}},
		{Rule: f + "authorize_confidant", Pass: func(_ context.Context, s *creating) error {
			asked := s.Config.ConfidantRelationships && s.choosesMethod() && s.chosen != nil && s.chosen.Type == methodThird
			return operation.Unless(!asked || s.chosen.ConfidantApproved)
		}},
		{
			Rule: f + "rate", Or: []rules.ID{f + "code_limit", f + "legal_entity_limit"},
			Pass: codeMayBeSent,
		},
	}
}

// newPhone is the phone by which a person to register will confirm; "" when by
// something else.
func (s *creating) newPhone() string {
	if m := s.method(); m != nil && m.Type == methodOTP {
		return *m.PhoneNumber
	}
	return ""
}

// firstMethod finds out how a person to register confirms this request: by the
// method sent, or by the third person's own.
func firstMethod(ctx context.Context, s *creating) error {
	m := s.method()
	switch {
	case m == nil:
		return nil
	case m.Type == methodOTP:
		s.current = method{Type: methodOTP, PhoneNumber: *m.PhoneNumber}
		return nil
	case m.Type == methodOffline:
		s.current = method{Type: methodOffline}
		return nil
	}
	third, ok := envelope.ParseID(*m.Value)
	if !ok {
		return fault.ErrNotFound
	}
	all, err := s.Store.methods(ctx, third, s.Now)
	if err != nil {
		return err
	}
	for _, kind := range []string{methodOTP, methodOffline} {
		if i := slices.IndexFunc(all, func(own storedMethod) bool { return own.Type == kind }); i >= 0 {
			s.third, s.current = third, all[i].own()
			return nil
		}
	}
	return operation.Expect(false, "active methods of the third person", "OTP or OFFLINE", "neither")
}

// choosesMethod tells whether the body names the method that confirms an update.
func (s *creating) choosesMethod() bool { return s.isUpdate() && s.body.AuthorizeWith != nil }

// chosenMethod finds out how an update is confirmed: by the method that
// authorize_with names, or by the default one. It passes unless a person for whom
// somebody must act confirms by another method than THIRD_PERSON.
func chosenMethod(ctx context.Context, s *creating) error {
	if !s.isUpdate() {
		return nil
	}
	all, err := s.Store.methods(ctx, s.registered.id, s.Now)
	if err != nil {
		return err
	}
	s.chosen = defaultMethod(all)
	if named := s.body.AuthorizeWith; named != nil {
		s.chosen = nil
		if i := slices.IndexFunc(all, func(m storedMethod) bool { return m.ID.String() == *named }); i >= 0 {
			s.chosen = &all[i]
		}
	}
	s.current = method{Type: methodNone}
	if s.chosen == nil {
		return nil // the next check refuses a method that is not there
	}
	s.current = s.chosen.own()
	if s.chosen.Value != nil {
		s.third = *s.chosen.Value
	}
	return operation.Expect(s.chosen.Type == methodThird || !s.registered.needsConfidant(&s.Caller),
		"authentication method", methodThird, s.chosen.Type)
}

// defaultMethod is the one that confirms when none is named (wiki 622133300): OTP,
// else OFFLINE, else the earliest third person who confirms by OTP, else the
// earliest who confirms by documents.
func defaultMethod(all []storedMethod) *storedMethod {
	for _, wanted := range []struct{ kind, own string }{
		{methodOTP, ""}, {methodOffline, ""}, {methodThird, methodOTP}, {methodThird, methodOffline},
	} {
		i := slices.IndexFunc(all, func(m storedMethod) bool { return m.Type == wanted.kind && m.OwnType == wanted.own })
		if i >= 0 {
			return &all[i]
		}
	}
	return nil
}
