package declarations

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// GetDeclaration serves GET /api/declarations/{id}.
func (a *API) GetDeclaration(ctx context.Context, req api.GetDeclarationRequestObject) (api.GetDeclarationResponseObject, error) {
	s := a.call(ctx, req.ID)
	if err := operation.Run(ctx, getChecks, s); err != nil {
		return nil, err
	}
	return api.GetDeclaration200JSONResponse(s.answer(ctx)), nil
}

func (s *call) answer(ctx context.Context) api.DeclarationResponse {
	return api.DeclarationResponse{
		Meta: envelope.Meta(ctx, http.StatusOK), Data: s.found.shown, Urgent: api.DeclarationUrgent{AuthenticationMethodCurrent: s.found.confirmed},
	}
}

var getChecks = []operation.Check[*call]{
	lookUp(rules.DeclarationGetNotFound, Store.get),
	{Rule: rules.DeclarationGetLegalEntity, Pass: isOpen},
}

// GetPersonDeclaration serves GET /api/persons/{id}/declaration.
func (a *API) GetPersonDeclaration(ctx context.Context, req api.GetPersonDeclarationRequestObject) (api.GetPersonDeclarationResponseObject, error) {
	s := a.call(ctx, req.ID)
	if err := operation.Run(ctx, personChecks, s); err != nil {
		return nil, err
	}
	return api.GetPersonDeclaration200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: []api.Declaration{s.found.shown}, Paging: envelope.PageOf(nil, nil).Paging(1, envelope.EmptySQL),
	}, nil
}

var personChecks = []operation.Check[*call]{
	lookUp(rules.DeclarationOfPersonNotFound, Store.ofPerson),
	{Rule: rules.DeclarationOfPersonLegalEntity, Pass: isOpen},
}
