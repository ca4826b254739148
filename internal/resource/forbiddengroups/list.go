package forbiddengroups

import (
	"context"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
)

// ListForbiddenGroups serves GET /api/forbidden_groups.
func (a *API) ListForbiddenGroups(ctx context.Context, req api.ListForbiddenGroupsRequestObject) (api.ListForbiddenGroupsResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := a.Store.list(ctx, envelope.Sent(req.Params.Name), page)
	if err != nil {
		return nil, err
	}
	return api.ListForbiddenGroups200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}
