package persons

import (
	"context"
	"regexp"
	"strings"
	"time"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// SearchPersons serves GET /api/persons. Of a person it shows what identifies them
// to somebody who asks, and of the rest what was asked for and agrees.
func (a *API) SearchPersons(ctx context.Context, req api.SearchPersonsRequestObject) (api.SearchPersonsResponseObject, error) {
	p := req.Params
	s := &search{
		Caller: a.Engine.Caller(ctx), people: a.People,
		first: folded(p.FirstName), last: folded(p.LastName), born: envelope.Sent(p.BirthDate),
		taxID: envelope.Sent(p.TaxID), unzr: envelope.Sent(p.Unzr), phone: envelope.Sent(p.PhoneNumber), certificate: envelope.Sent(p.BirthCertificate),
	}
	if err := operation.Run(ctx, searchChecks, s); err != nil {
		return nil, err
	}
	data := make([]api.PersonShort, len(s.found))
	for i := range s.found {
		data[i] = s.render(&s.found[i])
	}
	return api.SearchPersons200JSONResponse{Meta: envelope.ListMeta(ctx), Data: data}, nil
}

// search is one call of searchPersons.
type search struct {
	operation.Caller
	people                                *Store
	first, last                           string
	born, taxID, unzr, phone, certificate *string
	birthDate                             time.Time
	found                                 []db.SearchPersonsRow
}

var phoneNumber = regexp.MustCompile(`^\+38[0-9]{10}$`)

var searchChecks = []operation.Check[*search]{
	{Rule: rules.PersonSearchBirthDate, Pass: func(_ context.Context, s *search) error {
		return operation.Expect(s.born != nil, "birth_date", "a date", "nothing")
	}},
	{Rule: rules.PersonSearchBirthDateForm, Pass: func(_ context.Context, s *search) (err error) {
		if s.born != nil {
			s.birthDate, err = time.Parse(time.DateOnly, *s.born)
		}
		return operation.Expect(err == nil, "birth_date", "YYYY-MM-DD", "another text")
	}},
	{Rule: rules.PersonSearchFirstName, Pass: func(_ context.Context, s *search) error {
		return operation.Expect(s.first != "", "first_name", "a text", "nothing")
	}},
	{Rule: rules.PersonSearchLastName, Pass: func(_ context.Context, s *search) error {
		return operation.Expect(s.last != "", "last_name", "a text", "nothing")
	}},
	{Rule: rules.PersonSearchPhoneNumber, Pass: func(_ context.Context, s *search) error {
		return operation.Expect(s.phone == nil || phoneNumber.MatchString(*s.phone), "phone_number", "+38 and ten digits", "another text")
	}},
	{Rule: rules.PersonSearchTooMany, Pass: func(ctx context.Context, s *search) (err error) {
		limit := s.Config.PersonSearchLimit
		if s.found, err = s.people.search(ctx, s, limit+1); err != nil {
			return err
		}
		return operation.Expect(len(s.found) <= limit, "persons found", limit, "more")
	}},
}

func (s *search) render(row *db.SearchPersonsRow) api.PersonShort {
	p := api.PersonShort{
		ID: row.ID.String(), FirstName: row.FirstName, LastName: row.LastName, SecondName: row.SecondName, Gender: row.Gender,
		BirthCountry: row.BirthCountry, BirthSettlement: row.BirthSettlement, MergedPersons: []api.MergedPerson{},
		TaxID: agreed(s.taxID, row.TaxID), Unzr: agreed(s.unzr, row.Unzr),
	}
	if row.BirthDate.Equal(s.birthDate) {
		p.BirthDate = s.born
	}
	if row.PhoneType != "" {
		p.Phones = &[]api.FoundPhone{{Type: row.PhoneType, Number: *s.phone}}
	}
	if row.BirthCertificate != "" {
		p.Documents = &[]api.FoundDocument{{Type: "BIRTH_CERTIFICATE", Number: row.BirthCertificate}}
	}
	return p
}

// agreed returns what is stored when it is what was asked for.
func agreed(asked, stored *string) *string {
	if asked == nil || stored == nil || *asked != *stored {
		return nil
	}
	return stored
}

// folded returns a name as it is compared: in lower case, without blanks around it.
func folded(name *string) string {
	if name == nil {
		return ""
	}
	return strings.ToLower(strings.TrimSpace(*name))
}
