package diagnosesgroups

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/envelope"
)

// ListDiagnosesGroups serves GET /api/diagnoses_groups.
func (a *API) ListDiagnosesGroups(ctx context.Context, req api.ListDiagnosesGroupsRequestObject) (api.ListDiagnosesGroupsResponseObject, error) {
	p := req.Params
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := a.Store.list(ctx, filter{
		Name: envelope.Sent(p.DiagnosesGroupName), Code: envelope.Sent(p.DiagnosesGroupCode),
		DiagnosisName: envelope.Sent(p.DiagnosisName), DiagnosisCode: envelope.Sent(p.DiagnosisCode),
	}, page)
	if err != nil {
		return nil, err
	}
	return api.ListDiagnosesGroups200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

// filter narrows a list; what is nil does not.
type filter db.ListDiagnosesGroupsParams
