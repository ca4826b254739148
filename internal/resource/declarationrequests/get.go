package declarationrequests

import (
	"context"
	"errors"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// GetDeclarationRequest serves GET /api/v3/declaration_requests/{id}.
func (a *API) GetDeclarationRequest(
	ctx context.Context, req api.GetDeclarationRequestRequestObject,
) (api.GetDeclarationRequestResponseObject, error) {
	found, err := a.get(ctx, auth.From(ctx), req.ID)
	if err != nil {
		return nil, err
	}
	data, err := renderDetails(found)
	if err != nil {
		return nil, err
	}
	return api.GetDeclarationRequest200JSONResponse{
		Meta: envelope.Meta(ctx, http.StatusOK), Data: data, Urgent: renderUrgent(found),
	}, nil
}

// get returns a request of the caller's legal entity . In this order, all three in the same words:
//
//	declaration_request.get.not_found      the request exists
//	declaration_request.get.channel        it came by a MIS or is shared with legal entities
//	declaration_request.get.legal_entity   it is of the caller's legal entity
func (a *API) get(ctx context.Context, by auth.Subject, id string) (*details, error) {
	cfg := a.config.Get()
	parsed, ok := envelope.ParseID(id)
	if !ok {
		return nil, fault.Refuse(rules.DeclarationRequestGetNotFound)
	}
	found, err := a.store.get(ctx, parsed)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, fault.Refuse(rules.DeclarationRequestGetNotFound)
	}
	if err != nil {
		return nil, err
	}
	if cfg.On(rules.DeclarationRequestGetChannel) && !found.isShared() {
		return nil, fault.Refuse(rules.DeclarationRequestGetChannel)
	}
	if cfg.On(rules.DeclarationRequestGetLegalEntity) && !found.isOf(by.ClientID) {
		return nil, fault.Refuse(rules.DeclarationRequestGetLegalEntity)
	}
	return found, nil
}
