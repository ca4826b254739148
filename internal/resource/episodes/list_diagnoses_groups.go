package episodes

import (
	"context"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/medicalevents"
)

// ListEpisodesOfDiagnosesGroups serves GET /api/patients/{patient_id}/diagnoses_groups/episodes.
func (a *API) ListEpisodesOfDiagnosesGroups(
	ctx context.Context, req api.ListEpisodesOfDiagnosesGroupsRequestObject,
) (api.ListEpisodesOfDiagnosesGroupsResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := ListOfDiagnosesGroups.List(ctx, a.Engine, req.PatientID, a.diagnosesGroupsFilters(ctx, req.Params), page)
	if err != nil {
		return nil, err
	}
	data := make([]api.EpisodeShortWithDiagnoses, len(found))
	for i := range found {
		data[i] = found[i].showWithDiagnoses()
	}
	return api.ListEpisodesOfDiagnosesGroups200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// ListOfDiagnosesGroups reads the active episodes with a diagnosis of the groups that
// effective approvals name (decisions R41).
var ListOfDiagnosesGroups = operation.Page[Document]{
	ID: "listEpisodesOfDiagnosesGroups", Collection: Collection, Kind: kind, Owner: ownerField, Events: true, Hides: true,
	Checks: []operation.Check[*operation.Listing]{
		{Rule: rules.EpisodeDiagnosesGroupsPerson, Pass: operation.ListedPatientExists},
		{
			Rule: rules.EpisodeDiagnosesGroupsUnknownParameter,
			Or: []rules.ID{
				rules.EpisodeDiagnosesGroupsIDFilter, rules.EpisodeDiagnosesGroupsDateFilter, rules.EpisodeDiagnosesGroupsDateExists,
			},
			Pass: operation.FiltersAreSound,
		},
	},
}

func (a *API) diagnosesGroupsFilters(ctx context.Context, p api.ListEpisodesOfDiagnosesGroupsParams) *operation.Filters {
	f := new(operation.Filters)
	f.Undeclared(ctx, rules.EpisodeDiagnosesGroupsUnknownParameter)
	group := f.ID(rules.EpisodeDiagnosesGroupsIDFilter, "diagnoses_group_id", p.DiagnosesGroupID)
	f.UUID(rules.EpisodeDiagnosesGroupsIDFilter, "managing_organization_id", p.ManagingOrganizationID, ownerField)
	day := func(parameter string, value *string, field string, operator mongodb.Operator) {
		f.Day(rules.EpisodeDiagnosesGroupsDateFilter, rules.EpisodeDiagnosesGroupsDateExists, parameter, value, field, operator)
	}
	day("period_from", p.PeriodFrom, startField, mongodb.After)
	day("period_to", p.PeriodTo, endField, mongodb.Before)
	f.Text(new(Active), "status")
	f.Among("_id", func(ctx context.Context, s *operation.Listing) ([]uuid.UUID, error) {
		groups, err := s.Granted(ctx, "diagnoses_group", group)
		if err != nil || len(groups) == 0 {
			return nil, err
		}
		diagnoses, err := a.Groups.Diagnoses(ctx, groups...)
		if err != nil || len(diagnoses) == 0 {
			return nil, err
		}
		return diagnosed(ctx, a.Engine.Documents, s.Patient, diagnoses)
	})
	return f
}

func (d *Document) showWithDiagnoses() api.EpisodeShortWithDiagnoses {
	short := d.showShort()
	return api.EpisodeShortWithDiagnoses{
		ID: short.ID, Name: short.Name, Status: short.Status, Period: short.Period, InsertedAt: short.InsertedAt, UpdatedAt: short.UpdatedAt,
		ManagingOrganization: d.ManagingOrganization.Show(), Diagnoses: medicalevents.Each(d.CurrentDiagnoses, medicalevents.Diagnosis.Show),
	}
}
