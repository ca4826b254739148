package personrequests

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// GetPersonRequest serves GET /api/v2/person_requests/{id}.
func (a *API) GetPersonRequest(ctx context.Context, req api.GetPersonRequestRequestObject) (api.GetPersonRequestResponseObject, error) {
	s := a.acting(ctx, req.ID, v2)
	if err := operation.Run(ctx, gets[v2], s); err != nil {
		return nil, err
	}
	shown := api.PersonRequestResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.found.show()}
	if s.found.Status == api.PersonRequestStatusNEW {
		urgent := s.found.urgent(a.Media)
		shown.Urgent = &urgent
	}
	return api.GetPersonRequest200JSONResponse(shown), nil
}

// acting is one call of an operation on a stored request.
type acting struct {
	operation.Caller
	*API
	version      version // of the method
	pathID       string
	code         any // verification_code of the body
	found        *request
	verification uuid.UUID // of the right code

	// Of sign.
	operation.Signed
	on         db.DBTX     // where the register is asked
	registered *registered // the person to update; nil when one is registered
	personID   uuid.UUID   // of whom the request registers or updates
	insertedAt time.Time   // of the request
}

func (a *API) acting(ctx context.Context, id string, v version) *acting {
	return &acting{Caller: a.Engine.Caller(ctx), API: a, version: v, pathID: id, on: a.Store.Pool}
}

// gets are the checks of reading a request.
var gets = ofVersions(func(v version) []operation.Check[*acting] { return ofRequest(v, "get") })

// ofRequest are a method's checks of the request that the path names.
func ofRequest(v version, method string) []operation.Check[*acting] {
	f := v.family(method)
	return []operation.Check[*acting]{
		{Rule: f + "not_found", Pass: func(ctx context.Context, s *acting) (err error) {
			id, err := parsed(s.pathID)
			if err != nil {
				return err
			}
			s.found, err = s.Store.get(ctx, id)
			return err
		}},
		{Rule: f + "legal_entity", Pass: func(_ context.Context, s *acting) error {
			return operation.Expect(s.found.LegalEntityID == s.ClientID, "legal entity of the person request", s.ClientID, "another legal entity")
		}},
		{Rule: f + "expired", Pass: func(_ context.Context, s *acting) error {
			return operation.Expect(!s.found.Cleaned, "data of the person request", "there", "removed by the clean-up")
		}},
		{Rule: f + "version", Pass: func(_ context.Context, s *acting) error {
			return operation.Expect(s.found.Version == v, "version of the person request", v, s.found.Version)
		}},
	}
}

// parsed reads the id of a path. A malformed id is not found (decisions R12).
func parsed(pathID string) (uuid.UUID, error) {
	id, ok := envelope.ParseID(pathID)
	if !ok {
		return uuid.Nil, fault.ErrNotFound
	}
	return id, nil
}

// isIn passes when the request has one of the statuses.
func isIn(statuses ...api.PersonRequestStatus) func(context.Context, *acting) error {
	return func(_ context.Context, s *acting) error {
		for _, status := range statuses {
			if s.found.Status == status {
				return nil
			}
		}
		return operation.Expect(false, "status", statuses, s.found.Status)
	}
}

// unchanged tells whether the request has the status that the checks saw.
func unchanged(ctx context.Context, s *acting) error {
	if s.found == nil {
		return nil // it is not there
	}
	latest, err := s.Store.get(ctx, s.found.ID)
	if err == nil && latest.Status != s.found.Status {
		err = fault.ErrStale
	}
	return err
}
