package persons

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/medicalevents"
)

// GetPersonalData serves GET /api/persons/{id}/personal_data.
func (a *API) GetPersonalData(ctx context.Context, req api.GetPersonalDataRequestObject) (api.GetPersonalDataResponseObject, error) {
	s := &of{Caller: a.Engine.Caller(ctx), people: a.People, sent: req.ID}
	if err := operation.Run(ctx, personalDataChecks, s); err != nil {
		return nil, err
	}
	return api.GetPersonalData200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.personal}, nil
}

var personalDataChecks = mayBeShown("person.personal_data.")

// GetPersonalDataV2 serves GET /api/v2/persons/{id}/personal_data.
func (a *API) GetPersonalDataV2(ctx context.Context, req api.GetPersonalDataV2RequestObject) (api.GetPersonalDataV2ResponseObject, error) {
	s := &of{Caller: a.Engine.Caller(ctx), people: a.People, sent: req.ID}
	if err := operation.Run(ctx, personalDataV2Checks, s); err != nil {
		return nil, err
	}
	acting, err := a.People.acting(ctx, s.id)
	if err != nil {
		return nil, err
	}
	p := s.personal
	return api.GetPersonalDataV2200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: api.PersonalDataV2{
		ID: p.ID, Names: namesOf(p), BirthDate: p.BirthDate, BirthCountry: p.BirthCountry, BirthSettlement: p.BirthSettlement, Gender: p.Gender,
		Email: p.Email, NoTaxID: p.NoTaxID, TaxID: p.TaxID, Unzr: p.Unzr, Secret: p.Secret, DeathDate: p.DeathDate,
		VerificationStatus: p.VerificationStatus, PreferredWayCommunication: p.PreferredWayCommunication,
		Documents: p.Documents, Addresses: p.Addresses, Phones: p.Phones, EmergencyContact: p.EmergencyContact, ConfidantPersonRelationship: acting,
	}}, nil
}

var personalDataV2Checks = mayBeShown("person.personal_data_v2.")

// namesOf a person in all languages. Who was not registered by version 3 has
// Ukrainian ones.
func namesOf(p api.PersonalData) []api.FoundNames {
	if p.Names == nil {
		return []api.FoundNames{{Language: "uk", FirstName: p.FirstName, LastName: &p.LastName, SecondName: p.SecondName}}
	}
	names := make([]api.FoundNames, len(*p.Names))
	for i, n := range *p.Names {
		names[i] = api.FoundNames{Language: n.Language, FirstName: n.FirstName, SecondName: n.SecondName}
		if last, err := n.LastName.Get(); err == nil && last != "" {
			names[i].LastName = &last
		}
	}
	return names
}

// mayBeShown are the checks of what shows all data of a person.
func mayBeShown(family rules.ID) []operation.Check[*of] {
	return []operation.Check[*of]{
		{Rule: family + "not_found", Pass: func(ctx context.Context, s *of) (err error) {
			var ok bool
			if s.id, ok = envelope.ParseID(s.sent); !ok {
				return fault.ErrNotFound
			}
			s.personal, err = s.people.personalData(ctx, s.id)
			return err
		}},
		{Rule: family + "access", Pass: func(ctx context.Context, s *of) error {
			patient := operation.Person{ID: s.id, Hidden: s.people.Keys.PatientIDs(s.id)}
			granted, err := s.people.approved(ctx, s.Subject, patient, func(r medicalevents.AnyReference) bool {
				return r.IsTo("person") && r.Identifier.Value.ID == s.id
			})
			if err != nil {
				return err
			}
			return operation.Expect(granted, "approval of the person", "in force, granted to the user or the legal entity", "none")
		}},
	}
}

// acting returns the relationships of a person that are in force: a person has few.
func (s *Store) acting(ctx context.Context, person uuid.UUID) ([]api.PersonalRelationship, error) {
	const most = 300
	now := s.Clock.Now()
	rows, err := db.New().ListRelationships(ctx, s.Pool, db.ListRelationshipsParams{PersonID: person, At: now, PageLimit: most})
	if err != nil {
		return nil, fmt.Errorf("list relationships: %w", postgres.Error(err))
	}
	return s.related(ctx, rows, now)
}

func (s *Store) personalData(ctx context.Context, person uuid.UUID) (found api.PersonalData, err error) {
	row, err := db.New().GetPersonalData(ctx, s.Pool, person)
	if err != nil {
		return found, fmt.Errorf("look up personal data: %w", postgres.Error(err))
	}
	if err := json.Unmarshal(row, &found); err != nil {
		return found, fmt.Errorf("read data of the person: %w", err)
	}
	return found, nil
}
