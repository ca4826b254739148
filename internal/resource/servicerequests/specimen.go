package servicerequests

import (
	"context"
	"time"

	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListSpecimenServiceRequests serves GET /api/specimens/{specimen_id}/service_requests.
func (a *API) ListSpecimenServiceRequests(
	ctx context.Context, req api.ListSpecimenServiceRequestsRequestObject,
) (api.ListSpecimenServiceRequestsResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	s := &specimenListing{Caller: a.Engine.Caller(ctx)}
	if err := operation.Run(ctx, specimenChecks, s); err != nil {
		return nil, err
	}
	s.filters.PathID(req.SpecimenID, specimenField) // no referral names a malformed one
	s.filters.Text(req.Params.Status, "status")
	found, total, err := operation.FindPage[Document](ctx, a.Engine, Collection, &s.filters, operation.NewestFirst, page)
	if err != nil {
		return nil, err
	}
	data, err := a.showImpersonally(ctx, s, found)
	return api.ListSpecimenServiceRequests200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, err
}

// specimenListing is one call of listSpecimenServiceRequests.
type specimenListing struct {
	operation.Caller
	filters operation.Filters
}

const specimenListID = "listSpecimenServiceRequests"

var specimenChecks = []operation.Check[*specimenListing]{
	{Rule: rules.ServiceRequestSpecimenListUnknownParameter, Pass: func(ctx context.Context, s *specimenListing) error {
		s.filters.Undeclared(ctx, rules.ServiceRequestSpecimenListUnknownParameter)
		return s.filters.Err()
	}},
}

// showImpersonally shows service requests with the gender and the age of their patients.
func (a *API) showImpersonally(ctx context.Context, s *specimenListing, found []Document) ([]api.ServiceRequest, error) {
	shown, err := a.showFound(ctx, found, func(Document) time.Time { return s.Now })
	for i := range shown {
		if identity := shown[i].Identity; identity != nil {
			nobody := nullable.NewNullNullable[string]()
			identity.LastName, identity.FirstName, identity.SecondName = nobody, nobody, nobody
		}
	}
	return shown, err
}
