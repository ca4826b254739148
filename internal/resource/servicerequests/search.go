package servicerequests

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// SearchServiceRequests serves GET /api/service_requests.
func (a *API) SearchServiceRequests(
	ctx context.Context, req api.SearchServiceRequestsRequestObject,
) (api.SearchServiceRequestsResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := a.search(ctx, req.Params, page)
	if err != nil {
		return nil, err
	}
	data, err := a.showFound(ctx, found, func(d Document) time.Time { return d.InsertedAt })
	return api.SearchServiceRequests200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, err
}

// searching is one call of Search.
type searching struct {
	operation.Caller
	requisition *string
	filters     operation.Filters
}

const searchID = "searchServiceRequests"

var searchChecks = []operation.Check[*searching]{
	{Rule: rules.ServiceRequestSearchUnknownParameter, Pass: func(ctx context.Context, s *searching) error {
		s.filters.Undeclared(ctx, rules.ServiceRequestSearchUnknownParameter)
		return s.filters.Err()
	}},
	{Rule: rules.ServiceRequestSearchRequisition, Pass: func(_ context.Context, s *searching) error {
		return operation.Expect(s.requisition != nil, "requisition", "a text", "nothing")
	}},
	{Rule: rules.ServiceRequestSearchRequisitionEmpty, Pass: func(_ context.Context, s *searching) error {
		return operation.Expect(s.requisition == nil || *s.requisition != "", "requisition", "a text", "an empty one")
	}},
}

// search finds the service requests of a number. Patients read it out and
// clients type it with or without its dashes.
func (a *API) search(ctx context.Context, params api.SearchServiceRequestsParams, page envelope.Page) ([]Document, int, error) {
	s := &searching{Caller: a.Engine.Caller(ctx), requisition: params.Requisition}
	if err := operation.Run(ctx, searchChecks, s); err != nil {
		return nil, 0, err
	}
	hidden, ok := a.Engine.Keys.Requisitions(strings.ReplaceAll(*params.Requisition, "-", ""))
	if !ok {
		return nil, 0, nil // nobody has such a number
	}
	status := Active
	if params.Status != nil {
		status = *params.Status
	}
	s.filters.OneOf(hidden, RequisitionField)
	s.filters.Text(&status, "status")
	return operation.FindPage[Document](ctx, a.Engine, Collection, &s.filters, operation.NewestFirst, page)
}

// showFound shows service requests with as much of their patients as is needed
// to recognise them, at an age of then.
func (a *API) showFound(ctx context.Context, found []Document, then func(Document) time.Time) ([]api.ServiceRequest, error) {
	shown := make([]api.ServiceRequest, len(found))
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
			shown[i].Identity = identity.Show(then(found[i]))
		}
	}
	return shown, nil
}
