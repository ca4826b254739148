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
)

// GetPersonVerification serves GET /api/persons/{id}/verification.
func (a *API) GetPersonVerification(ctx context.Context, req api.GetPersonVerificationRequestObject) (api.GetPersonVerificationResponseObject, error) {
	s := &of{Caller: a.Engine.Caller(ctx), people: a.People, sent: req.ID}
	if err := operation.Run(ctx, verificationChecks, s); err != nil {
		return nil, err
	}
	return api.GetPersonVerification200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.verification}, nil
}

var verificationChecks = []operation.Check[*of]{{Rule: rules.PersonVerificationNotFound, Pass: func(ctx context.Context, s *of) (err error) {
	var ok bool
	if s.id, ok = envelope.ParseID(s.sent); !ok {
		return fault.ErrNotFound
	}
	s.verification, err = s.people.verification(ctx, s.id)
	return err
}}}

// verification returns how far a person is verified; fault.ErrNotFound when nobody
// has asked.
func (s *Store) verification(ctx context.Context, person uuid.UUID) (found api.PersonVerification, err error) {
	row, err := db.New().GetPersonVerification(ctx, s.Pool, person)
	if err != nil {
		return found, fmt.Errorf("look up verification: %w", postgres.Error(err))
	}
	found.VerificationStatus = row.VerificationStatus
	if err := json.Unmarshal(row.Streams, &found.Details); err != nil {
		return found, fmt.Errorf("read verification of the person: %w", err)
	}
	return found, nil
}
