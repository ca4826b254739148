package persons

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListAuthenticationMethods serves GET /api/persons/{id}/authentication_methods.
func (a *API) ListAuthenticationMethods(
	ctx context.Context, req api.ListAuthenticationMethodsRequestObject,
) (api.ListAuthenticationMethodsResponseObject, error) {
	s := &of{Caller: a.Engine.Caller(ctx), people: a.People, sent: req.ID}
	if err := operation.Run(ctx, methodsChecks, s); err != nil {
		return nil, err
	}
	data, err := a.People.methods(ctx, s.id)
	if err != nil {
		return nil, err
	}
	return api.ListAuthenticationMethods200JSONResponse{Meta: envelope.ListMeta(ctx), Data: data}, nil
}

var methodsChecks = []operation.Check[*of]{isActive(rules.PersonAuthenticationMethodsNotFound)}
