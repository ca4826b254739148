package episodes

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/mongodb"
)

// Fields that lists compare.
const (
	ownerField     = "managing_organization.identifier.value"
	startField     = "period.start"
	endField       = "period.end"
	diagnosisField = "current_diagnoses.code.coding.code"
)

// ListEpisodes serves GET /api/patients/{patient_id}/episodes.
func (a *API) ListEpisodes(ctx context.Context, req api.ListEpisodesRequestObject) (api.ListEpisodesResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := List.List(ctx, a.Engine, req.PatientID, listFilters(ctx, req.Params), page)
	if err != nil {
		return nil, err
	}
	return api.ListEpisodes200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// List reads the episodes of a patient (decisions R36, R41).
var List = operation.Page[Document]{
	ID: "listEpisodes", Collection: Collection, Kind: kind, Owner: ownerField, Events: true, Hides: true,
	Checks: []operation.Check[*operation.Listing]{
		{Rule: rules.EpisodeListAccess, Pass: operation.MayListEvents},
		{Rule: rules.EpisodeListUnknownParameter, Or: []rules.ID{
			rules.EpisodeListIDFilter, rules.EpisodeListDateFilter, rules.EpisodeListDateExists,
		}, Pass: operation.FiltersAreSound},
	},
}

func listFilters(ctx context.Context, p api.ListEpisodesParams) *operation.Filters {
	f := new(operation.Filters)
	f.Undeclared(ctx, rules.EpisodeListUnknownParameter)
	f.UUID(rules.EpisodeListIDFilter, "managing_organization_id", p.ManagingOrganizationID, ownerField)
	day := func(parameter string, value *string, field string, operator mongodb.Operator) {
		f.Day(rules.EpisodeListDateFilter, rules.EpisodeListDateExists, parameter, value, field, operator)
	}
	day("period_from", p.PeriodFrom, endField, mongodb.NotBefore)
	day("period_to", p.PeriodTo, startField, mongodb.AtMost)
	f.Text(p.Code, diagnosisField)
	f.Text(p.Status, "status")
	return f
}

func showAll(found []Document) []api.Episode {
	shown := make([]api.Episode, len(found))
	for i := range found {
		shown[i] = found[i].show()
	}
	return shown
}
