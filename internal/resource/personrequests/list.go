package personrequests

import (
	"context"
	"slices"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListPersonRequests serves GET /api/person_requests.
func (a *API) ListPersonRequests(ctx context.Context, req api.ListPersonRequestsRequestObject) (api.ListPersonRequestsResponseObject, error) {
	s := &listing{Caller: a.Engine.Caller(ctx), status: envelope.Sent(req.Params.Status)}
	if err := operation.Run(ctx, listChecks, s); err != nil {
		return nil, err
	}
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := a.Store.list(ctx, s.ClientID, s.status, page)
	if err != nil {
		return nil, err
	}
	return api.ListPersonRequests200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

// listing is one call of listPersonRequests.
type listing struct {
	operation.Caller
	status *string
}

var statuses = []api.PersonRequestStatus{
	api.PersonRequestStatusNEW, api.PersonRequestStatusAPPROVED, api.PersonRequestStatusSIGNED, api.PersonRequestStatusREJECTED,
	api.PersonRequestStatusCANCELLED,
}

var listChecks = []operation.Check[*listing]{
	{Rule: rules.PersonRequestListStatus, Pass: func(_ context.Context, s *listing) error {
		known := s.status == nil || slices.Contains(statuses, api.PersonRequestStatus(*s.status))
		return operation.Expect(known, "status", statuses, "another word")
	}},
}
