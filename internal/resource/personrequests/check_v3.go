package personrequests

import (
	"context"
	"regexp"
	"slices"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/validation"
)

const (
	ukraine   = "UA"
	ukrainian = "uk"
	english   = "en"
)

// v3Checks are those that only version 3 makes.
var v3Checks = []operation.Check[*creating]{
	eachItem(rules.PersonRequestCreateV3NameLanguage, countNames, func(s *creating, i int) ([]any, bool) {
		all, language := s.sent.Names, s.sent.Names[i].Language
		return []any{"language", language}, !slices.ContainsFunc(all[:i], func(n api.PersonRequestNames) bool { return n.Language == language })
	}),
	{Rule: rules.PersonRequestCreateV3NameLetters, Pass: func(_ context.Context, s *creating) error {
		var refused operation.Refusals
		for i, n := range s.sent.Names {
			last, _ := n.LastName.Get()
			for _, part := range []field{{"first_name", &n.FirstName}, {"last_name", &last}, {"second_name", n.SecondName}} {
				if form := lettersOf(n.Language); !part.fits(form) {
					refused = append(refused, fault.RefuseItem(rules.PersonRequestCreateV3NameLetters, i, nil, "field", part.name, "pattern", form.Documented))
				}
			}
		}
		return refused.OrNil()
	}},
	eachItem(rules.PersonRequestCreateV3LastNameRequired, countNames, func(s *creating, i int) ([]any, bool) {
		last, _ := s.sent.Names[i].LastName.Get()
		return nil, s.sent.Names[i].NoLastName || last != ""
	}),
	eachItem(rules.PersonRequestCreateV3LastNameForbidden, countNames, func(s *creating, i int) ([]any, bool) {
		last, _ := s.sent.Names[i].LastName.Get()
		return nil, !s.sent.Names[i].NoLastName || last == ""
	}),
	{Rule: rules.PersonRequestCreateV3NameUk, Pass: func(_ context.Context, s *creating) error {
		return operation.Unless(s.foreign && s.person.TaxID == nil || s.hasNames(ukrainian))
	}},
	{Rule: rules.PersonRequestCreateV3NameEn, Pass: func(_ context.Context, s *creating) error {
		return operation.Unless(!s.foreign || s.hasNames(english))
	}},
	{Rule: rules.PersonRequestCreateV3ForeignDocuments, Pass: func(_ context.Context, s *creating) error {
		return operation.Unless(!s.foreign || !s.hasType(s.Config.RegistrationDocumentTypes...))
	}},
	{Rule: rules.PersonRequestCreateV3UnzrForeign, Pass: func(_ context.Context, s *creating) error {
		return operation.Unless(!s.foreign || s.person.Unzr == nil)
	}},
	issuedBy(rules.PersonRequestCreateV3IssuingCountryUa, func(s *creating, d *api.PersonRequestDocumentV3) bool {
		return d.IssuingCountry == ukraine || !slices.Contains(s.Config.UkrainianDocumentTypes, d.Type)
	}),
	issuedBy(rules.PersonRequestCreateV3IssuingCountryNotUa, func(s *creating, d *api.PersonRequestDocumentV3) bool {
		return d.IssuingCountry != ukraine || !slices.Contains(s.Config.ForeignIssuedDocumentTypes, d.Type)
	}),
	{Rule: rules.PersonRequestCreateV3NoTaxIDRequired, Pass: func(_ context.Context, s *creating) error {
		return operation.Unless(!s.sent.NoTaxID.IsNull() || s.foreign && s.person.TaxID == nil)
	}},
	{Rule: rules.PersonRequestCreateV3NoTaxIDUnwanted, Pass: func(_ context.Context, s *creating) error {
		return operation.Unless(s.sent.NoTaxID.IsNull() || !s.foreign || s.person.TaxID != nil)
	}},
	ofAddress(rules.PersonRequestCreateV3AddressRequired, func(a *api.PersonRequestAddressV3) (missing []string) {
		for _, part := range []field{{"area", a.Area}, {"settlement", a.Settlement}, {"settlement_id", a.SettlementID}} {
			if a.Country == ukraine && part.value == nil {
				missing = append(missing, part.name)
			}
		}
		return missing
	}),
	ofAddress(rules.PersonRequestCreateV3AddressForbidden, func(a *api.PersonRequestAddressV3) (unwanted []string) {
		for _, part := range []field{{"settlement_id", a.SettlementID}, {"street_type", a.StreetType}} {
			if a.Country != ukraine && part.value != nil {
				unwanted = append(unwanted, part.name)
			}
		}
		return unwanted
	}),
	{Rule: rules.PersonRequestCreateV3AddressLetters, Pass: func(_ context.Context, s *creating) error {
		var refused operation.Refusals
		for i := range s.sent.Addresses {
			a := &s.sent.Addresses[i]
			text, number, zip := latinText, latinNumber, anything
			if a.Country == ukraine {
				text, number, zip = validation.NameForm, validation.BuildingForm, zipForm
			}
			apartment := number
			if a.Country == ukraine {
				apartment = anything
			}
			for _, part := range []struct {
				field
				form validation.Form
			}{
				{field{"area", a.Area}, text},
				{field{"region", a.Region}, text},
				{field{"settlement", a.Settlement}, text},
				{field{"street", a.Street}, text},
				{field{"building", a.Building}, number},
				{field{"apartment", a.Apartment}, apartment},
				{field{"zip", a.Zip}, zip},
			} {
				if !part.fits(part.form) {
					refused = append(refused, fault.RefuseItem(rules.PersonRequestCreateV3AddressLetters, i, nil,
						"property", part.name, "pattern", part.form.Documented))
				}
			}
		}
		return refused.OrNil()
	}},
	{Rule: rules.PersonRequestCreateV3ResidenceUa, Pass: func(_ context.Context, s *creating) error {
		abroad := func(a api.PersonRequestAddressV3) bool { return a.Type == "RESIDENCE" && a.Country != ukraine }
		return operation.Unless(s.foreign || !slices.ContainsFunc(s.sent.Addresses, abroad))
	}},
	{Rule: rules.PersonRequestCreateV3ContactLetters, Pass: func(_ context.Context, s *creating) error {
		var refused operation.Refusals
		c := &s.sent.EmergencyContact
		for _, part := range []field{{"first_name", &c.FirstName}, {"last_name", &c.LastName}, {"second_name", c.SecondName}} {
			if form := lettersOf(ukrainian); !part.fits(form) && (!s.foreign || !part.fits(lettersOf(english))) {
				refused = append(refused, fault.Refuse(rules.PersonRequestCreateV3ContactLetters, "field", part.name, "pattern", form.Documented).
					Because("names of the emergency contact", "Ukrainian letters, or Latin ones with a foreign document", "others"))
			}
		}
		return refused.OrNil()
	}},
}

// field is a part of the body; its value is nil when it was not sent.
type field struct {
	name  string
	value *string
}

// fits tells whether the value, if there is one, has a form.
func (f field) fits(form validation.Form) bool {
	return f.value == nil || *f.value == "" || form.MatchString(*f.value)
}

// Forms that a live client asks for.
var (
	ukrainianNames = formOf(`^[А-ЩЬЮЯҐЄІЇа-щьюяґєії]+((\.[\s\-\/']?|[\s\-\/'])[А-ЩЬЮЯҐЄІЇа-щьюяґєії]+)*\.?$`)
	latinNames     = formOf(`^[A-Za-z]+((\.[\s\-\/']?|[\s\-\/'])[A-Za-z]+)*\.?$`)
	latinText      = formOf(`^[A-Za-z\s.\-\/']+$`)
	latinNumber    = formOf(`^[A-Za-z0-9\s\/-]+$`)
	zipForm        = formOf(`^[0-9]{5}$`)
	anything       = formOf(``)
)

func formOf(pattern string) validation.Form {
	return validation.Form{Regexp: regexp.MustCompile(pattern), Documented: pattern}
}

// lettersOf is the form of names in a language.
func lettersOf(language string) validation.Form {
	if language == ukrainian {
		return ukrainianNames
	}
	return latinNames
}

func countNames(s *creating) int { return len(s.sent.Names) }

func (s *creating) hasNames(language string) bool {
	return slices.ContainsFunc(s.sent.Names, func(n api.PersonRequestNames) bool { return n.Language == language })
}

// issuedBy makes a check of the country of each document.
func issuedBy(rule rules.ID, passes func(s *creating, d *api.PersonRequestDocumentV3) bool) operation.Check[*creating] {
	return eachItem(rule, func(s *creating) int { return len(s.sent.Documents) }, func(s *creating, i int) ([]any, bool) {
		d := &s.sent.Documents[i]
		return []any{"type", d.Type}, passes(s, d)
	})
}

// ofAddress makes a check of each address that names the fields to refuse.
func ofAddress(rule rules.ID, wrong func(a *api.PersonRequestAddressV3) []string) operation.Check[*creating] {
	return operation.Check[*creating]{Rule: rule, Pass: func(_ context.Context, s *creating) error {
		var refused operation.Refusals
		for i := range s.sent.Addresses {
			for _, name := range wrong(&s.sent.Addresses[i]) {
				refused = append(refused, fault.RefuseItem(rule, i, nil, "property", name))
			}
		}
		return refused.OrNil()
	}}
}
