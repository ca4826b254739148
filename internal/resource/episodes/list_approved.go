package episodes

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListApprovedEpisodes serves GET /api/patients/{patient_id}/episodes/approved.
func (a *API) ListApprovedEpisodes(ctx context.Context, req api.ListApprovedEpisodesRequestObject) (api.ListApprovedEpisodesResponseObject, error) {
	page, f := envelope.PageOf(req.Params.Page, req.Params.PageSize), new(operation.Filters)
	f.Undeclared(ctx, rules.EpisodeApprovedUnknownParameter)
	f.Text(req.Params.Code, diagnosisField)
	found, total, err := ListApproved.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListApprovedEpisodes200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// ListApproved reads the episodes that effective approvals name (decisions R41, R42).
var ListApproved = operation.Page[Document]{
	ID: "listApprovedEpisodes", Collection: Collection, Kind: kind, Owner: ownerField, Events: true, Granted: []string{kind, "episode_of_care"},
	Checks: []operation.Check[*operation.Listing]{
		{Rule: rules.EpisodeApprovedPerson, Pass: operation.ListedPatientExists},
		{Rule: rules.EpisodeApprovedUnknownParameter, Pass: operation.FiltersAreSound},
	},
}
