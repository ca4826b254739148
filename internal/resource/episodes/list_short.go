package episodes

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/mongodb"
)

// ListShortEpisodes serves GET /api/patients/{patient_id}/summary/episodes.
func (a *API) ListShortEpisodes(ctx context.Context, req api.ListShortEpisodesRequestObject) (api.ListShortEpisodesResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := ListShort.List(ctx, a.Engine, req.PatientID, shortFilters(ctx, req.Params), page)
	if err != nil {
		return nil, err
	}
	data := make([]api.EpisodeShort, len(found))
	for i := range found {
		data[i] = found[i].showShort()
	}
	return api.ListShortEpisodes200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// ListShort reads what a patient has been treated for. Who may is the scope's question
// alone.
var ListShort = operation.Page[Document]{
	ID: "listShortEpisodes", Collection: Collection, Kind: kind, Owner: ownerField, Events: true, Hides: true,
	Checks: []operation.Check[*operation.Listing]{
		{Rule: rules.EpisodeShortPerson, Pass: operation.ListedPatientExists},
		{
			Rule: rules.EpisodeShortUnknownParameter, Or: []rules.ID{rules.EpisodeShortDateFilter, rules.EpisodeShortDateExists},
			Pass: operation.FiltersAreSound,
		},
	},
}

func shortFilters(ctx context.Context, p api.ListShortEpisodesParams) *operation.Filters {
	f := new(operation.Filters)
	f.Undeclared(ctx, rules.EpisodeShortUnknownParameter)
	day := func(parameter string, value *string, field string, operator mongodb.Operator) {
		f.Day(rules.EpisodeShortDateFilter, rules.EpisodeShortDateExists, parameter, value, field, operator)
	}
	day("period_from", p.PeriodFrom, endField, mongodb.NotBefore)
	day("period_to", p.PeriodTo, startField, mongodb.AtMost)
	day("period_start_from", p.PeriodStartFrom, startField, mongodb.AtLeast)
	day("period_start_to", p.PeriodStartTo, startField, mongodb.AtMost)
	day("period_end_from", p.PeriodEndFrom, endField, mongodb.AtLeast)
	day("period_end_to", p.PeriodEndTo, endField, mongodb.AtMost)
	f.Not(EnteredInError, "status")
	return f
}

func (d *Document) showShort() api.EpisodeShort {
	return api.EpisodeShort{
		ID: d.ID.String(), Name: d.Name, Status: d.Status, Period: d.Period.Show(),
		InsertedAt: envelope.Milli(d.InsertedAt), UpdatedAt: envelope.Milli(d.UpdatedAt),
	}
}
