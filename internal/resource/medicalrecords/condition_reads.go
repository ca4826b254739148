package medicalrecords

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

var conditions = kind[Condition]{
	Name: "condition", Collection: "conditions", Hides: (*Condition).compared,
	Grounds: func(d *Condition) operation.Grounds { return d.grounds(grounds{encounter: &d.Context}) },
	Fields:  operation.GroundFields{Episode: episodeField, Encounter: contextField},
}

// Operations on conditions.
var (
	GetCondition   = conditions.hides(conditions.get("getCondition", rules.ConditionGetAccess, rules.ConditionGetNotFound), rules.ConditionGetForbiddenGroup)
	ListConditions = conditions.list("listConditions", rules.ConditionListAccess, []rules.ID{
		rules.ConditionListUnknownParameter, rules.ConditionListIDFilter, rules.ConditionListDateFilter, rules.ConditionListDateExists,
	})
	GetConditionContext   = conditions.context("getConditionContext", rules.ConditionContextPerson, rules.ConditionContextNotFound)
	GetEpisodeCondition   = conditions.hides(conditions.get("getEpisodeCondition", rules.ConditionGetInEpisodeAccess, rules.ConditionGetInEpisodeNotFound), rules.ConditionGetInEpisodeForbiddenGroup)
	ListEpisodeConditions = conditions.page("listEpisodeConditions", rules.ConditionListInEpisodeAccess, rules.ConditionListInEpisodeNotFound, []rules.ID{
		rules.ConditionListInEpisodeUnknownParameter, rules.ConditionListInEpisodeDateFilter, rules.ConditionListInEpisodeDateExists,
	})
)

// GetCondition serves GET /api/patients/{patient_id}/conditions/{condition_id}.
func (a *API) GetCondition(ctx context.Context, req api.GetConditionRequestObject) (api.GetConditionResponseObject, error) {
	d, err := GetCondition.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.ConditionID})
	if err != nil {
		return nil, err
	}
	return api.GetCondition200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: d.show()}, nil
}

// ListConditions serves GET /api/patients/{patient_id}/conditions.
func (a *API) ListConditions(ctx context.Context, req api.ListConditionsRequestObject) (api.ListConditionsResponseObject, error) {
	p := req.Params
	f := filters(ctx, rules.ConditionListUnknownParameter)
	f.Text(p.Code, "code.coding.0.code")
	f.UUID(rules.ConditionListIDFilter, "encounter_id", p.EncounterID, contextField)
	f.UUID(rules.ConditionListIDFilter, "episode_id", p.EpisodeID, episodeField)
	f.UUID(rules.ConditionListIDFilter, "managing_organization_id", p.ManagingOrganizationID, ownerField)
	f.Days(rules.ConditionListDateFilter, rules.ConditionListDateExists, "onset_date", p.OnsetDateFrom, p.OnsetDateTo, "onset_date")
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := ListConditions.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListConditions200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found, (*Condition).show), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// GetConditionContext serves GET /api/patients/{patient_id}/conditions/{condition_id}/context.
func (a *API) GetConditionContext(ctx context.Context, req api.GetConditionContextRequestObject) (api.GetConditionContextResponseObject, error) {
	d, err := GetConditionContext.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.ConditionID})
	if err != nil {
		return nil, err
	}
	data := api.RecordContext{Episode: d.episode()}
	return api.GetConditionContext200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: data}, nil
}

// GetEpisodeCondition serves GET /api/patients/{patient_id}/episodes/{episode_id}/conditions/{condition_id}.
func (a *API) GetEpisodeCondition(ctx context.Context, req api.GetEpisodeConditionRequestObject) (api.GetEpisodeConditionResponseObject, error) {
	d, err := GetEpisodeCondition.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, Episode: req.EpisodeID, ID: req.ConditionID})
	if err != nil {
		return nil, err
	}
	return api.GetEpisodeCondition200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: d.show()}, nil
}

// ListEpisodeConditions serves GET /api/patients/{patient_id}/episodes/{episode_id}/conditions.
func (a *API) ListEpisodeConditions(ctx context.Context, req api.ListEpisodeConditionsRequestObject) (api.ListEpisodeConditionsResponseObject, error) {
	p := req.Params
	f := filters(ctx, rules.ConditionListInEpisodeUnknownParameter)
	f.PathID(req.EpisodeID, episodeField)
	f.Text(p.Code, "code.coding.0.code")
	f.Days(rules.ConditionListInEpisodeDateFilter, rules.ConditionListInEpisodeDateExists, "onset_date", p.OnsetDateFrom, p.OnsetDateTo, "onset_date")
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := ListEpisodeConditions.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListEpisodeConditions200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found, (*Condition).show), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}
