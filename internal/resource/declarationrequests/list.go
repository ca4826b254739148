package declarationrequests

import (
	"context"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListDeclarationRequests serves GET /api/v3/declaration_requests.
func (a *API) ListDeclarationRequests(
	ctx context.Context, req api.ListDeclarationRequestsRequestObject,
) (api.ListDeclarationRequestsResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := a.list(ctx, req.Params, page)
	if err != nil {
		return nil, err
	}
	data := make([]api.DeclarationRequestShort, len(found))
	for i := range found {
		data[i] = renderShort(&found[i])
	}
	return api.ListDeclarationRequests200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptySQL),
	}, nil
}

// listing is one call of listDeclarationRequests.
type listing struct {
	operation.Caller
	employee, legalEntity idFilter
}

var listChecks = []operation.Check[*listing]{
	{Rule: rules.DeclarationRequestListEmployeeID, Pass: func(_ context.Context, s *listing) error {
		return operation.Expect(!s.employee.malformed, "employee_id", "a UUID", "another text")
	}},
	{Rule: rules.DeclarationRequestListLegalEntityID, Pass: func(_ context.Context, s *listing) error {
		return operation.Expect(!s.legalEntity.malformed, "legal_entity_id", "a UUID", "another text")
	}},
}

// list returns the requests that the caller's legal entity may see; those of
// another legal entity are an empty list.
func (a *API) list(ctx context.Context, params api.ListDeclarationRequestsParams, page envelope.Page) ([]entry, int, error) {
	s := &listing{Caller: a.Engine.Caller(ctx), employee: idFilterOf(params.EmployeeID), legalEntity: idFilterOf(params.LegalEntityID)}
	if err := operation.Run(ctx, listChecks, s); err != nil {
		return nil, 0, err
	}
	if id := s.legalEntity.id; id != nil && *id != s.ClientID {
		return nil, 0, nil
	}
	return a.Store.list(ctx, filter{
		legalEntity: s.ClientID, employee: s.employee.id,
		status: envelope.Sent(params.Status), channel: envelope.Sent(params.Channel),
	}, page)
}

// idFilter is an id of the query. A malformed one is an id that nothing has.
type idFilter struct {
	id        *uuid.UUID // nil: not sent
	malformed bool
}

func idFilterOf(value *string) idFilter {
	value = envelope.Sent(value)
	if value == nil {
		return idFilter{}
	}
	id, ok := envelope.ParseID(*value)
	return idFilter{&id, !ok}
}
