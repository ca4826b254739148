package servicerequests

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListServiceRequests serves GET /api/patients/{patient_id}/service_requests.
func (a *API) ListServiceRequests(
	ctx context.Context, req api.ListServiceRequestsRequestObject,
) (api.ListServiceRequestsResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := List.List(ctx, a.Engine, req.PatientID, filtersOf(ctx, req.Params), page)
	if err != nil {
		return nil, err
	}
	data, err := a.showAll(found)
	return api.ListServiceRequests200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, err
}

// List reads the service requests of a patient (decisions R26).
var List = operation.Page[Document]{
	ID: "listServiceRequests", Collection: Collection, Kind: kind, Owner: ownerField, Newest: true,
	Checks: []operation.Check[*operation.Listing]{
		{Rule: rules.ServiceRequestListUnknownParameter, Or: []rules.ID{rules.ServiceRequestListIDFilter}, Pass: operation.FiltersAreSound},
		{Rule: rules.ServiceRequestListPerson, Pass: operation.ListedPatientExists},
		{Rule: rules.ServiceRequestListPersonActive, Pass: operation.ListedPatientIsActive},
		{Rule: rules.ServiceRequestListAccess, Pass: operation.MayList},
	},
}

func filtersOf(ctx context.Context, p api.ListServiceRequestsParams) *operation.Filters {
	f := new(operation.Filters)
	f.Undeclared(ctx, rules.ServiceRequestListUnknownParameter)
	id := func(parameter string, value *string, field string) {
		f.UUID(rules.ServiceRequestListIDFilter, parameter, value, field)
	}
	id("episode_id", p.EpisodeID, episodeField)
	id("requester_legal_entity", p.RequesterLegalEntity, ownerField)
	id("used_by_legal_entity", p.UsedByLegalEntity, "used_by_legal_entity.identifier.value")
	id("code", p.Code, "code.identifier.value")
	id("care_plan_id", p.CarePlanID, "based_on.identifier.value")
	f.Text(p.Status, "status")
	return f
}

func (a *API) showAll(found []Document) ([]api.ServiceRequest, error) {
	shown := make([]api.ServiceRequest, len(found))
	for i := range found {
		var err error
		if shown[i], _, err = found[i].Show(a.Engine.Keys); err != nil {
			return nil, err
		}
	}
	return shown, nil
}
