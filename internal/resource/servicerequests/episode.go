package servicerequests

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListEpisodeServiceRequests serves GET /api/patients/{patient_id}/episodes/{episode_id}/service_requests.
func (a *API) ListEpisodeServiceRequests(
	ctx context.Context, req api.ListEpisodeServiceRequestsRequestObject,
) (api.ListEpisodeServiceRequestsResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	f := new(operation.Filters)
	f.Undeclared(ctx, rules.ServiceRequestEpisodeListUnknownParameter)
	status := Active
	if req.Params.Status != nil {
		status = *req.Params.Status
	}
	f.Text(&status, "status")
	f.PathID(req.EpisodeID, episodeField)
	found, total, err := ListOfEpisode.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	data, err := a.showAll(found)
	return api.ListEpisodeServiceRequests200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, err
}

// ListOfEpisode reads the service requests that were written in an episode (decisions R41).
var ListOfEpisode = operation.Page[Document]{
	ID: "listEpisodeServiceRequests", Collection: Collection, Kind: kind, Owner: ownerField, Newest: true,
	Grounds: operation.GroundFields{Episode: episodeField},
	Checks: []operation.Check[*operation.Listing]{
		{Rule: rules.ServiceRequestEpisodeListUnknownParameter, Pass: operation.FiltersAreSound},
		{Rule: rules.ServiceRequestEpisodeListPerson, Pass: operation.ListedPatientExists},
		{Rule: rules.ServiceRequestEpisodeListPersonActive, Pass: operation.ListedPatientIsActive},
		{Rule: rules.ServiceRequestEpisodeListEpisode, Pass: operation.ListedEpisodeExists(episodeField)},
		{Rule: rules.ServiceRequestEpisodeListAccess, Pass: operation.MayListEvents},
	},
}

// GetEpisodeServiceRequest serves GET /api/patients/{patient_id}/episodes/{episode_id}/service_requests/{service_request_id}.
func (a *API) GetEpisodeServiceRequest(
	ctx context.Context, req api.GetEpisodeServiceRequestRequestObject,
) (api.GetEpisodeServiceRequestResponseObject, error) {
	d, err := GetOfEpisode.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, Episode: req.EpisodeID, ID: req.ServiceRequestID})
	if err != nil {
		return nil, err
	}
	shown, _, err := d.Show(a.Engine.Keys)
	return api.GetEpisodeServiceRequest200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: shown}, err
}

// GetOfEpisode reads a service request that was written in an episode (decisions R41).
var GetOfEpisode = operation.Record[Document]{
	ID: "getEpisodeServiceRequest", Collection: Collection, Kind: kind,
	Grounds: func(d *Document) operation.Grounds {
		on := operation.Grounds{Access: operation.Access{LegalEntities: []uuid.UUID{d.RequesterLegalEntity.Identifier.Value}}}
		if d.ContextEpisodeID != nil {
			on.Episode = *d.ContextEpisodeID
		}
		return on
	},
	Checks: []operation.Check[*operation.Reading[Document]]{
		{Rule: rules.ServiceRequestEpisodeGetPerson, Pass: operation.PatientExists[Document]},
		{Rule: rules.ServiceRequestEpisodeGetPersonActive, Pass: operation.PatientIsActive[Document]},
		{Rule: rules.ServiceRequestEpisodeGetNotFound, Pass: operation.IsFound[Document]},
		{Rule: rules.ServiceRequestEpisodeGetAccess, Pass: operation.MayReadEvent[Document]},
	},
}
