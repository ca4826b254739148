package divisions

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// CreateDivision serves POST /api/divisions. It answers 200 (decisions R1).
func (a *API) CreateDivision(ctx context.Context, req api.CreateDivisionRequestObject) (api.CreateDivisionResponseObject, error) {
	s := a.call(ctx, "")
	s.body = req.Body
	if err := Create.Run(ctx, s); err != nil {
		return nil, err
	}
	return api.CreateDivision200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.division.shown}, nil
}

// Create registers a division of the caller's legal entity.
var Create = operation.Create[*call]{
	ID:    "createDivision",
	Guard: createRules.guard(),
	Body:  createRules.body(),
	Write: func(ctx context.Context, s *call) (err error) {
		s.division.shown, err = s.Store.create(ctx, s.change(uuid.New(), s.ClientID, s.Now))
		return err
	},
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

func (s *call) change(id, legalEntityID uuid.UUID, at time.Time) change {
	return change{
		id: id, legalEntityID: legalEntityID, body: normal(*s.body), mountainGroup: s.mountainGroup(), userID: s.UserID, at: at,
	}
}

// normal brings a body into the form in which it is stored and shown: the
// e-mail in lower case, the ids as PostgreSQL prints them.
func normal(body api.DivisionRequest) api.DivisionRequest {
	body.Email = strings.ToLower(body.Email)
	body.Addresses = slices.Clone(body.Addresses)
	for i := range body.Addresses {
		body.Addresses[i].SettlementID = strings.ToLower(body.Addresses[i].SettlementID)
	}
	return body
}

// mountainGroup of a division is that of the settlement where it works: of its
// RESIDENCE, which an address matrix without it leaves to the first address.
func (s *call) mountainGroup() bool {
	residence := slices.IndexFunc(s.body.Addresses, func(a api.DivisionAddressRequest) bool { return a.Type == "RESIDENCE" })
	id, _ := envelope.ParseID(s.body.Addresses[max(residence, 0)].SettlementID)
	found, _ := s.Addresses.Settlement(id)
	return found.MountainGroup
}
