package persons

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/postgres"
)

// SearchPersonsV2 serves GET /api/v2/persons: searchPersons for persons with names in
// several languages, with other documents, or without a last name.
func (a *API) SearchPersonsV2(ctx context.Context, req api.SearchPersonsV2RequestObject) (api.SearchPersonsV2ResponseObject, error) {
	p := req.Params
	s := &searchV2{
		Caller: a.Engine.Caller(ctx), people: a.People, language: envelope.Sent(p.Language), first: folded(p.FirstName), born: envelope.Sent(p.BirthDate),
		taxID: envelope.Sent(p.TaxID), phone: envelope.Sent(p.PhoneNumber),
		documentType: envelope.Sent(p.DocumentType), documentNumber: envelope.Sent(p.DocumentNumber),
	}
	if p.LastName != nil { // an empty one asks for persons without one
		s.last = new(folded(p.LastName))
	}
	if err := operation.Run(ctx, searchV2Checks, s); err != nil {
		return nil, err
	}
	data := make([]api.PersonShortV2, len(s.found))
	for i := range s.found {
		var err error
		if data[i], err = s.render(&s.found[i]); err != nil {
			return nil, err
		}
	}
	return api.SearchPersonsV2200JSONResponse{Meta: envelope.ListMeta(ctx), Data: data}, nil
}

// searchV2 is one call of searchPersonsV2. What is nil was not sent.
type searchV2 struct {
	operation.Caller
	people                       *Store
	first                        string
	language, last               *string
	born, taxID, phone           *string
	documentType, documentNumber *string
	birthDate                    time.Time
	found                        []db.SearchPersonsV2Row
}

var searchV2Checks = []operation.Check[*searchV2]{
	{Rule: rules.PersonSearchV2BirthDate, Pass: func(_ context.Context, s *searchV2) error {
		return operation.Expect(s.born != nil, "birth_date", "a date", "nothing")
	}},
	{Rule: rules.PersonSearchV2BirthDateForm, Pass: func(_ context.Context, s *searchV2) (err error) {
		if s.born != nil {
			s.birthDate, err = time.Parse(time.DateOnly, *s.born)
		}
		return operation.Expect(err == nil, "birth_date", "YYYY-MM-DD", "another text")
	}},
	{Rule: rules.PersonSearchV2FirstName, Pass: func(_ context.Context, s *searchV2) error {
		return operation.Expect(s.first != "", "first_name", "a text", "nothing")
	}},
	{Rule: rules.PersonSearchV2LastName, Pass: func(_ context.Context, s *searchV2) error {
		known := s.last != nil || s.taxID != nil || s.documentType != nil || s.documentNumber != nil
		return operation.Expect(known, "last_name, tax_id or a document", "one of them", "nothing")
	}},
	{Rule: rules.PersonSearchV2DocumentType, Pass: func(_ context.Context, s *searchV2) error {
		return operation.Expect(s.documentType != nil || s.documentNumber == nil, "document_type", "a type beside document_number", "nothing")
	}},
	{Rule: rules.PersonSearchV2DocumentNumber, Pass: func(_ context.Context, s *searchV2) error {
		return operation.Expect(s.documentNumber != nil || s.documentType == nil, "document_number", "a number beside document_type", "nothing")
	}},
	{Rule: rules.PersonSearchV2PhoneNumber, Pass: func(_ context.Context, s *searchV2) error {
		return operation.Expect(s.phone == nil || phoneNumber.MatchString(*s.phone), "phone_number", "+38 and ten digits", "another text")
	}},
	{Rule: rules.PersonSearchV2TooMany, Pass: func(ctx context.Context, s *searchV2) (err error) {
		limit := s.Config.PersonSearchLimit
		if s.found, err = s.people.searchV2(ctx, s, limit+1); err != nil {
			return err
		}
		return operation.Expect(len(s.found) <= limit, "persons found", limit, "more")
	}},
}

func (s *searchV2) render(row *db.SearchPersonsV2Row) (p api.PersonShortV2, err error) {
	p = api.PersonShortV2{
		ID: row.ID.String(), BirthDate: row.BirthDate.Format(time.DateOnly), Gender: row.Gender, BirthCountry: row.BirthCountry,
		BirthSettlement: row.BirthSettlement, TaxID: agreed(s.taxID, row.TaxID),
	}
	if err := json.Unmarshal(row.Names, &p.Names); err != nil {
		return p, fmt.Errorf("read names of the person: %w", err)
	}
	for i := range p.Names {
		if p.Names[i].LastName != nil && *p.Names[i].LastName == "" {
			p.Names[i].LastName = nil
		}
	}
	if row.PhoneType != "" {
		p.Phones = &[]api.FoundPhone{{Type: row.PhoneType, Number: *s.phone}}
	}
	if row.DocumentNumber != "" {
		p.Documents = &[]api.FoundDocument{{Type: *s.documentType, Number: row.DocumentNumber}}
	}
	return p, nil
}

// searchV2 returns at most limit persons.
func (s *Store) searchV2(ctx context.Context, q *searchV2, limit int) ([]db.SearchPersonsV2Row, error) {
	params := db.SearchPersonsV2Params{
		Language: q.language, FirstName: q.first, LastName: q.last, BirthDate: q.birthDate, TaxID: q.taxID, PhoneNumber: q.phone,
		DocumentType: q.documentType, At: s.Clock.Now(), PageLimit: int32(limit), //nolint:gosec // a setting with a maximum
	}
	if q.documentNumber != nil {
		params.DocumentNumber = new(strings.ToLower(*q.documentNumber))
	}
	rows, err := db.New().SearchPersonsV2(ctx, s.Pool, params)
	if err != nil {
		return nil, fmt.Errorf("search persons: %w", postgres.Error(err))
	}
	return rows, nil
}
