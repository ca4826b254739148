package healthcareservices

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListHealthcareServices serves GET /api/healthcare_services.
func (a *API) ListHealthcareServices(ctx context.Context, req api.ListHealthcareServicesRequestObject) (api.ListHealthcareServicesResponseObject, error) {
	p := req.Params
	s := &listing{Caller: a.Engine.Caller(ctx), filter: filter{
		SpecialityType: envelope.Sent(p.SpecialityType), ProvidingCondition: envelope.Sent(p.ProvidingCondition),
		Category: envelope.Sent(p.Category), Type: envelope.Sent(p.Type), Status: envelope.Sent(p.Status),
	}}
	s.DivisionID, s.isDivision = envelope.SentID(p.DivisionID)
	if !s.SeesAll() {
		s.LegalEntityID = &s.ClientID
	}
	if err := operation.Run(ctx, listChecks, s); err != nil {
		return nil, err
	}
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := a.Store.list(ctx, s.filter, page)
	if err != nil {
		return nil, err
	}
	return api.ListHealthcareServices200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

// filter narrows a list; what is nil does not.
type filter db.ListHealthcareServicesParams

// listing is one call of listHealthcareServices.
type listing struct {
	operation.Caller
	filter
	isDivision bool // division_id is a UUID
}

var listChecks = []operation.Check[*listing]{
	operation.IsUUID(rules.HealthcareServiceListDivisionID, "division_id", func(s *listing) bool { return s.isDivision }),
}
