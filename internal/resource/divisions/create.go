package divisions

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/envelope"
)

// CreateDivision serves POST /api/divisions. It answers 200 (decisions R1).
func (a *API) CreateDivision(ctx context.Context, req api.CreateDivisionRequestObject) (api.CreateDivisionResponseObject, error) {
	created, err := a.create(ctx, auth.From(ctx), req.Body)
	if err != nil {
		return nil, err
	}
	return api.CreateDivision200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: created}, nil
}

// create registers a division of the caller's legal entity . GuardCreate and the schema stand before it, bodyCheck.run holds the rest
// of its rules.
func (a *API) create(ctx context.Context, by auth.Subject, body *api.DivisionRequest) (api.Division, error) {
	check := a.newBodyCheck(createRules, by.LegalEntity, body)
	if err := check.run(); err != nil {
		return api.Division{}, err
	}
	division := change{
		id: uuid.New(), legalEntityID: by.ClientID, body: normal(*body), mountainGroup: check.mountainGroup(),
		userID: by.UserID, at: a.clock.Now(),
	}
	if err := a.store.create(ctx, division); err != nil {
		return api.Division{}, err
	}
	return division.created(), nil
}

// change is what Create Division and Update Division write.
type change struct {
	id            uuid.UUID
	legalEntityID uuid.UUID
	body          api.DivisionRequest
	mountainGroup bool
	userID        uuid.UUID
	at            time.Time
}

// normal brings a body into the form in which it is stored and shown: the
// e-mail in lower case , the ids as PostgreSQL prints them.
func normal(body api.DivisionRequest) api.DivisionRequest {
	body.Email = strings.ToLower(body.Email)
	body.Addresses = slices.Clone(body.Addresses)
	for i := range body.Addresses {
		body.Addresses[i].SettlementID = strings.ToLower(body.Addresses[i].SettlementID)
	}
	return body
}
