package declarationrequests

import (
	"context"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// ListDeclarationRequests serves GET /api/v3/declaration_requests.
func (a *API) ListDeclarationRequests(
	ctx context.Context, req api.ListDeclarationRequestsRequestObject,
) (api.ListDeclarationRequestsResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := a.list(ctx, auth.From(ctx), req.Params, page)
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

// list returns the requests that the caller's legal entity may see ; another legal entity's are an empty list. Both in
// one answer:
//
//	declaration_request.list.employee_id       is a uuid
//	declaration_request.list.legal_entity_id   is a uuid
func (a *API) list(
	ctx context.Context, by auth.Subject, params api.ListDeclarationRequestsParams, page envelope.Page,
) (found []entry, total int, err error) {
	cfg := a.config.Get()
	employee, employeeRefusal := idFilter(cfg, envelope.Sent(params.EmployeeID), rules.DeclarationRequestListEmployeeID)
	legalEntity, legalEntityRefusal := idFilter(cfg, envelope.Sent(params.LegalEntityID), rules.DeclarationRequestListLegalEntityID)
	if refusal := fault.Join(employeeRefusal, legalEntityRefusal); refusal != nil {
		return nil, 0, refusal
	}
	if legalEntity != nil && *legalEntity != by.ClientID {
		return nil, 0, nil
	}
	return a.store.list(ctx, filter{
		legalEntity: by.ClientID, employee: employee,
		status: envelope.Sent(params.Status), channel: envelope.Sent(params.Channel),
	}, page)
}

// idFilter reads an id of the query. With its rule off, a malformed one is an id
// that nothing has.
func idFilter(cfg *config.Config, value *string, rule rules.ID) (*uuid.UUID, *fault.Error) {
	if value == nil {
		return nil, nil
	}
	id, ok := envelope.ParseID(*value)
	if !ok && cfg.On(rule) {
		return nil, fault.Refuse(rule)
	}
	return &id, nil
}
