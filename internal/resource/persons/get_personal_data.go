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

var personalDataChecks = []operation.Check[*of]{
	{Rule: rules.PersonPersonalDataNotFound, Pass: func(ctx context.Context, s *of) (err error) {
		var ok bool
		if s.id, ok = envelope.ParseID(s.sent); !ok {
			return fault.ErrNotFound
		}
		s.personal, err = s.people.personalData(ctx, s.id)
		return err
	}},
	{Rule: rules.PersonPersonalDataAccess, Pass: func(ctx context.Context, s *of) error {
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
