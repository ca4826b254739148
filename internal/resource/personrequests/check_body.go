package personrequests

import (
	"context"
	"regexp"

	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/fault"
)

// bodyChecks read the body as it was sent; they answer together with its schema.
func bodyChecks(f rules.ID) []operation.Check[*creating] {
	return []operation.Check[*creating]{
		{Rule: f + "patient_signed", Pass: func(_ context.Context, s *creating) error {
			return operation.Unless(s.Value("patient_signed") != true)
		}},
		{Rule: f + "consent", Pass: func(_ context.Context, s *creating) error {
			return operation.Unless(s.Value("process_disclosure_data_consent") != false)
		}},
		{Rule: f + "methods_required", Pass: func(_ context.Context, s *creating) error {
			_, isPerson := s.Value("person").(map[string]any)
			return operation.Unless(!isPerson || s.sends("id") || s.sends("authentication_methods"))
		}},
		{Rule: f + "methods_forbidden", Pass: func(_ context.Context, s *creating) error {
			return operation.Unless(!s.sends("id") || !s.sends("authentication_methods"))
		}},
		{Rule: f + "one_method", Pass: func(_ context.Context, s *creating) error {
			sent, _ := s.Value("person", "authentication_methods").([]any)
			return operation.Expect(len(sent) <= 1, "number of authentication methods", 1, len(sent))
		}},
		ofMethod(f+"method_phone", func(_ string, m methodSent) bool { return m.phone == nil || phonePattern.MatchString(*m.phone) }),
		ofMethod(f+"method_phone_required", func(kind string, m methodSent) bool { return kind != methodOTP || m.has("phone_number") }),
		ofMethod(f+"method_phone_forbidden", func(kind string, m methodSent) bool { return kind == methodOTP || !m.has("phone_number") }),
		ofMethod(f+"method_value_required", func(kind string, m methodSent) bool { return kind != methodThird || m.has("value") }),
		ofMethod(f+"method_alias_required", func(kind string, m methodSent) bool { return kind != methodThird || m.has("alias") }),
		{Rule: f + "document_number", Pass: func(_ context.Context, s *creating) error {
			return s.numbers(f+"document_number", func(kind string) bool { return kind != birthCertificate }, "person", "documents")
		}},
		{Rule: f + "birth_certificate_number", Pass: func(_ context.Context, s *creating) error {
			return s.numbers(f+"birth_certificate_number", isBirthCertificate, "person", "documents")
		}},
	}
}

// confidantBodyChecks are those of the one who acts for the person.
func confidantBodyChecks(f rules.ID) []operation.Check[*creating] {
	return []operation.Check[*creating]{
		{Rule: f + "confidant_forbidden", Pass: func(_ context.Context, s *creating) error {
			return operation.Unless(!s.sends("id") || !s.sends("confidant_person"))
		}},
		{Rule: f + "relationship_number", Pass: func(_ context.Context, s *creating) error {
			return s.numbers(f+"relationship_number", isBirthCertificate, "person", "confidant_person", "documents_relationship")
		}},
	}
}

// sends tells whether the person of the body has a key.
func (s *creating) sends(key string) bool {
	person, _ := s.Value("person").(map[string]any)
	_, has := person[key]
	return has
}

// methodSent is the first authentication method of the body.
type methodSent struct {
	object map[string]any
	phone  *string
}

func (m methodSent) has(key string) bool {
	_, has := m.object[key]
	return has
}

var phonePattern = regexp.MustCompile(`^\+38[0-9]{10}$`)

// ofMethod makes a check of the authentication method, unless its type is wrong.
func ofMethod(rule rules.ID, passes func(kind string, m methodSent) bool) operation.Check[*creating] {
	return operation.Check[*creating]{Rule: rule, Pass: func(_ context.Context, s *creating) error {
		at := []any{"person", "authentication_methods", 0}
		kind := s.Text(append(at, "type")...)
		if kind == nil {
			return nil
		}
		object, _ := s.Value(at...).(map[string]any)
		return operation.Unless(passes(*kind, methodSent{object, s.Text(append(at, "phone_number")...)}))
	}}
}

// Types of documents that decide something.
const (
	birthCertificate   = "BIRTH_CERTIFICATE"
	foreignCertificate = "BIRTH_CERTIFICATE_FOREIGN"
	residencePermit    = "PERMANENT_RESIDENCE_PERMIT"
)

func isBirthCertificate(kind string) bool { return kind == birthCertificate }

// numberForm is the documented pattern of a document's number, and an equivalent
// without look-ahead, which Go's regexp lacks.
type numberForm struct {
	documented string
	re         *regexp.Regexp
}

var (
	passportForm = numberForm{`^((?![ЫЪЭЁ])([А-ЯҐЇІЄ])){2}[0-9]{6}$`, regexp.MustCompile(`^[А-ЩЬЮЯҐЇІЄ]{2}[0-9]{6}$`)}
	actForm      = numberForm{
		"^((?![ЫЪЭЁыъэё@%&$^#`~:,.*|}{?!])[A-ZА-ЯҐЇІЄ0-9№\\\\/()-]){2,25}$", regexp.MustCompile(`^[A-ZА-ЩЬЮЯҐЇІЄ0-9№\\/()-]{2,25}$`),
	}
)

// numberForms are those of document types whose numbers have one (wiki 17294917673).
var numberForms = map[string]numberForm{
	"PASSPORT":                             passportForm,
	"COMPLEMENTARY_PROTECTION_CERTIFICATE": passportForm,
	"REFUGEE_CERTIFICATE":                  passportForm,
	nationalID:                             {`^[0-9]{9}$`, regexp.MustCompile(`^[0-9]{9}$`)},
	"TEMPORARY_CERTIFICATE": {
		`^(((?![ЫЪЭЁ])([А-ЯҐЇІЄ])){2}[0-9]{4,6}|[0-9]{9}|((?![ЫЪЭЁ])([А-ЯҐЇІЄ])){2}[0-9]{5}\/[0-9]{5})$`,
		regexp.MustCompile(`^([А-ЩЬЮЯҐЇІЄ]{2}[0-9]{4,6}|[0-9]{9}|[А-ЩЬЮЯҐЇІЄ]{2}[0-9]{5}/[0-9]{5})$`),
	},
	birthCertificate:          actForm,
	"TEMPORARY_PASSPORT":      actForm,
	"MARRIAGE_CERTIFICATE":    actForm,
	"DIVORCE_CERTIFICATE":     actForm,
	"CHILD_BIRTH_CERTIFICATE": actForm,
}

// numbers refuses the documents of a list whose number does not fit their type.
func (s *creating) numbers(rule rules.ID, of func(kind string) bool, list ...any) error {
	documents, _ := s.Value(list...).([]any)
	var refused operation.Refusals
	for i := range documents {
		kind, number := s.Text(append(list[:len(list):len(list)], i, "type")...), s.Text(append(list[:len(list):len(list)], i, "number")...)
		if kind == nil || number == nil || !of(*kind) {
			continue
		}
		if form := misfit(*kind, *number); form != nil {
			refused = append(refused, fault.RefuseItem(rule, i, nil, "pattern", form.documented))
		}
	}
	return refused.OrNil()
}

// misfit is the form that a document's number should have and has not; nil: none.
func misfit(kind, number string) *numberForm {
	if form, has := numberForms[kind]; has && !form.re.MatchString(number) {
		return &form
	}
	return nil
}
