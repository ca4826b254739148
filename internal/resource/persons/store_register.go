package persons

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/medicalevents"
)

// search returns at most limit persons.
func (s *Store) search(ctx context.Context, q *search, limit int) ([]db.SearchPersonsRow, error) {
	params := db.SearchPersonsParams{
		FirstName: q.first, LastName: q.last, BirthDate: q.birthDate, TaxID: q.taxID, PhoneNumber: q.phone, At: s.Clock.Now(),
		PageLimit: int32(limit), //nolint:gosec // a setting with a maximum
	}
	if q.certificate != nil {
		certificate := strings.ToLower(*q.certificate)
		params.BirthCertificate = &certificate
	}
	rows, err := db.New().SearchPersons(ctx, s.Pool, params)
	if err != nil {
		return nil, fmt.Errorf("search persons: %w", postgres.Error(err))
	}
	return rows, nil
}

func (s *Store) isActive(ctx context.Context, id uuid.UUID) (bool, error) {
	active, err := db.New().IsActivePerson(ctx, s.Pool, id)
	if err != nil {
		return false, fmt.Errorf("look up person: %w", postgres.Error(err))
	}
	return active, nil
}

// methods returns the methods of a person that can be used now.
func (s *Store) methods(ctx context.Context, person uuid.UUID) ([]api.AuthenticationMethod, error) {
	now := s.Clock.Now()
	rows, err := db.New().ListAuthenticationMethods(ctx, s.Pool, db.ListAuthenticationMethodsParams{PersonID: person, At: now})
	if err != nil {
		return nil, fmt.Errorf("list authentication methods: %w", postgres.Error(err))
	}
	var confidants []uuid.UUID
	for _, row := range rows {
		if row.IsConfidant {
			confidants = append(confidants, *row.Value)
		}
	}
	known, err := s.confidants(ctx, confidants, now)
	if err != nil {
		return nil, err
	}
	active := true
	found := make([]api.AuthenticationMethod, len(rows))
	for i, row := range rows {
		id, inserted, by := person.String(), envelope.Micro(row.InsertedAt), row.InsertedBy.String()
		started, updated, updatedBy := envelope.Micro(row.StartedAt), envelope.Micro(row.UpdatedAt), row.UpdatedBy.String()
		m := api.AuthenticationMethod{
			ID: row.ID.String(), Type: api.AuthenticationMethodType(row.Type), Alias: row.Alias, StartedAt: &started, IsActive: &active, PersonID: &id,
			InsertedAt: inserted, InsertedBy: by, UpdatedAt: &updated, UpdatedBy: &updatedBy,
		}
		if row.EndedAt != nil {
			ended := envelope.Micro(*row.EndedAt)
			m.EndedAt = &ended
		}
		switch row.Type {
		case medicalevents.MethodOTP:
			m.PhoneNumber = envelope.MaskPhone(*row.PhoneNumber)
		case medicalevents.MethodThirdPerson:
			value := row.Value.String()
			m.Value = &value
			if c, ok := known[*row.Value]; ok && row.IsConfidant {
				m.ConfidantPerson = c.ofMethod()
			}
		}
		found[i] = m
	}
	return found, nil
}

// relationships returns a page of who acts for a person.
func (s *Store) relationships(ctx context.Context, person uuid.UUID, expired bool, page envelope.Page) ([]api.ConfidantPersonRelationship, int, error) {
	now := s.Clock.Now()
	params := db.ListRelationshipsParams{
		PersonID: person, IsExpired: expired, At: now,
		PageLimit: int32(page.Size), PageOffset: int32(page.Offset()), //nolint:gosec // the chain keeps both within an int32
	}
	rows, err := db.New().ListRelationships(ctx, s.Pool, params)
	if err != nil {
		return nil, 0, fmt.Errorf("list relationships: %w", postgres.Error(err))
	}
	if len(rows) == 0 {
		total, err := s.countRelationships(ctx, params, page)
		return []api.ConfidantPersonRelationship{}, total, err
	}
	found, err := s.related(ctx, rows, now)
	if err != nil {
		return nil, 0, err
	}
	masked := make([]api.ConfidantPersonRelationship, len(found))
	for i, r := range found {
		documents := make([]api.FoundDocument, len(r.DocumentsRelationship))
		for j, d := range r.DocumentsRelationship {
			documents[j] = api.FoundDocument{Type: d.Type, Number: maskEnd(d.Number)}
		}
		masked[i] = api.ConfidantPersonRelationship{
			ID: r.ID, ActiveTo: r.ActiveTo, DocumentsRelationship: documents, RelationshipVerificationDetails: r.RelationshipVerificationDetails,
			ConfidantPerson: r.ConfidantPerson,
		}
	}
	return masked, int(rows[0].Total), nil
}

// related returns relationships with their documents and masked confidants.
func (s *Store) related(ctx context.Context, rows []db.ListRelationshipsRow, now time.Time) ([]api.PersonalRelationship, error) {
	ids, confidants := make([]uuid.UUID, len(rows)), make([]uuid.UUID, len(rows))
	for i, row := range rows {
		ids[i], confidants[i] = row.ID, row.ConfidantPersonID
	}
	documents, err := s.relationshipDocuments(ctx, ids)
	if err != nil {
		return nil, err
	}
	known, err := s.confidants(ctx, confidants, now)
	if err != nil {
		return nil, err
	}
	found := make([]api.PersonalRelationship, len(rows))
	for i, row := range rows {
		r := api.PersonalRelationship{
			ID: row.ID.String(), DocumentsRelationship: append([]api.RelationshipDocument{}, documents[row.ID]...),
			RelationshipVerificationDetails: api.RelationshipVerification{VerificationStatus: row.VerificationStatus},
			ConfidantPerson:                 known[row.ConfidantPersonID].masked(), ActiveTo: dayOf(row.ActiveTo),
		}
		if row.VerificationReason != nil {
			r.RelationshipVerificationDetails.VerificationReason = *row.VerificationReason
		}
		found[i] = r
	}
	return found, nil
}

// dayOf a moment, nil when there is none.
func dayOf(moment *time.Time) *string {
	if moment == nil {
		return nil
	}
	return new(moment.UTC().Format(time.DateOnly))
}

// countRelationships counts what lies before a page past the end, which brings no
// row to carry the number.
func (s *Store) countRelationships(ctx context.Context, params db.ListRelationshipsParams, page envelope.Page) (int, error) {
	if page.Number == 1 {
		return 0, nil
	}
	params.PageLimit, params.PageOffset = 1, 0
	rows, err := db.New().ListRelationships(ctx, s.Pool, params)
	if err != nil {
		return 0, fmt.Errorf("count relationships: %w", postgres.Error(err))
	}
	if len(rows) == 0 {
		return 0, nil
	}
	return int(rows[0].Total), nil
}

func (s *Store) relationshipDocuments(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]api.RelationshipDocument, error) {
	rows, err := db.New().ListRelationshipDocuments(ctx, s.Pool, ids)
	if err != nil {
		return nil, fmt.Errorf("list documents of relationships: %w", postgres.Error(err))
	}
	found := map[uuid.UUID][]api.RelationshipDocument{}
	for _, row := range rows {
		found[row.RelationshipID] = append(found[row.RelationshipID], api.RelationshipDocument{
			Type: row.Type, Number: row.Number, IssuedBy: &row.IssuedBy, IssuedAt: dayOf(&row.IssuedAt), ActiveTo: dayOf(row.ActiveTo),
		})
	}
	return found, nil
}

// confidant is a person who acts for others, masked.
type confidant struct {
	row       db.ListConfidantsRow
	documents []api.FoundDocument
	phones    []api.MaskedPhone
}

func (s *Store) confidants(ctx context.Context, ids []uuid.UUID, now time.Time) (map[uuid.UUID]confidant, error) {
	known := make(map[uuid.UUID]confidant, len(ids))
	if len(ids) == 0 {
		return known, nil
	}
	rows, err := db.New().ListConfidants(ctx, s.Pool, db.ListConfidantsParams{IDs: ids, At: now})
	if err != nil {
		return nil, fmt.Errorf("look up confidants: %w", postgres.Error(err))
	}
	for _, row := range rows {
		c := confidant{row: row}
		if err := json.Unmarshal(row.Documents, &c.documents); err != nil {
			return nil, fmt.Errorf("read documents of the person: %w", err)
		}
		if err := json.Unmarshal(row.Phones, &c.phones); err != nil {
			return nil, fmt.Errorf("read phones of the person: %w", err)
		}
		for i := range c.documents {
			c.documents[i].Number = maskEnd(c.documents[i].Number)
		}
		for i := range c.phones {
			c.phones[i].Number = *envelope.MaskPhone(c.phones[i].Number)
		}
		known[row.ID] = c
	}
	return known, nil
}

func (c confidant) masked() api.ConfidantPersonMasked {
	gender := c.row.Gender
	return api.ConfidantPersonMasked{
		PersonID: c.row.ID.String(), Name: c.name(), Gender: &gender, TaxID: maskedOf(c.row.TaxID), NoTaxID: c.row.NoTaxID, Unzr: maskedOf(c.row.Unzr),
		DocumentsPerson: &c.documents, Phones: &c.phones,
	}
}

func (c confidant) ofMethod() *api.ConfidantOfMethod {
	m := c.masked()
	of := &api.ConfidantOfMethod{
		ID: m.PersonID, Name: m.Name, Gender: m.Gender, TaxID: m.TaxID, NoTaxID: m.NoTaxID, Unzr: m.Unzr, DocumentsPerson: m.DocumentsPerson,
	}
	if phone := envelope.MaskPhone(c.row.OTPPhone); phone != nil {
		of.Phones.Number = *phone
	}
	return of
}

// name is the last name with initials: Петров А.А.
func (c confidant) name() string {
	name := c.row.LastName + " " + initial(c.row.FirstName)
	if c.row.SecondName != nil {
		name += initial(*c.row.SecondName)
	}
	return name
}

// maskEnd hides all of a number but its last two signs.
func maskEnd(number string) string {
	signs := []rune(number)
	keep := min(2, len(signs))
	return strings.Repeat("*", utf8.RuneCountInString(number)-keep) + string(signs[len(signs)-keep:])
}

func maskedOf(number *string) *string {
	if number == nil || *number == "" {
		return nil
	}
	masked := maskEnd(*number)
	return &masked
}
