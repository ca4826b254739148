package devicerequests

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// SearchDeviceRequests serves GET /api/device_requests.
func (a *API) SearchDeviceRequests(
	ctx context.Context, req api.SearchDeviceRequestsRequestObject,
) (api.SearchDeviceRequestsResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := a.search(ctx, req.Params, page)
	if err != nil {
		return nil, err
	}
	data, err := a.showFound(ctx, found)
	return api.SearchDeviceRequests200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, err
}

// searching is one call of searchDeviceRequests.
type searching struct {
	operation.Caller
	requisition *string
	filters     operation.Filters
}

const searchID = "searchDeviceRequests"

var searchChecks = []operation.Check[*searching]{
	{Rule: rules.DeviceRequestSearchUnknownParameter, Pass: func(ctx context.Context, s *searching) error {
		s.filters.Undeclared(ctx, rules.DeviceRequestSearchUnknownParameter)
		return s.filters.Err()
	}},
	{Rule: rules.DeviceRequestSearchRequisition, Pass: func(_ context.Context, s *searching) error {
		return operation.Expect(s.requisition != nil, "requisition", "a text", "nothing")
	}},
	{Rule: rules.DeviceRequestSearchRequisitionEmpty, Pass: func(_ context.Context, s *searching) error {
		return operation.Expect(s.requisition == nil || *s.requisition != "", "requisition", "a text", "an empty one")
	}},
}

// search finds the device requests of a number, which clients type with or without its
// dashes.
func (a *API) search(ctx context.Context, params api.SearchDeviceRequestsParams, page envelope.Page) ([]Document, int, error) {
	s := &searching{Caller: a.Engine.Caller(ctx), requisition: params.Requisition}
	if err := operation.Run(ctx, searchChecks, s); err != nil {
		return nil, 0, err
	}
	hidden, ok := a.Engine.Keys.Requisitions(strings.ReplaceAll(*params.Requisition, "-", ""))
	if !ok {
		return nil, 0, nil // nobody has such a number
	}
	s.filters.OneOf(hidden, RequisitionField)
	return operation.FindPage[Document](ctx, a.Engine, Collection, &s.filters, operation.NewestFirst, page)
}

// showFound shows device requests with as much of their patients as is needed to
// recognise them, and the age that they had when the request was written.
func (a *API) showFound(ctx context.Context, found []Document) ([]api.DeviceRequest, error) {
	shown := make([]api.DeviceRequest, len(found))
	patients := make([]uuid.UUID, len(found))
	for i := range found {
		var err error
		if shown[i], patients[i], err = found[i].Show(a.Engine.Keys); err != nil {
			return nil, err
		}
	}
	identities, err := a.People.Identities(ctx, patients)
	if err != nil {
		return nil, err
	}
	for i, patient := range patients {
		if identity, known := identities[patient]; known {
			shown[i].Identity = identity.Show(found[i].InsertedAt)
		}
	}
	return shown, nil
}
