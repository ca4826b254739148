package medicalrecords

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

var allergyIntolerances = kind[AllergyIntolerance]{
	Name: "allergy_intolerance", Collection: "allergy_intolerances",
	Grounds: func(d *AllergyIntolerance) operation.Grounds { return d.grounds(grounds{encounter: &d.Context}) },
}

// Operations on allergy intolerances.
var (
	GetAllergyIntolerance   = allergyIntolerances.get("getAllergyIntolerance", "", rules.AllergyIntoleranceGetNotFound)
	ListAllergyIntolerances = allergyIntolerances.open("listAllergyIntolerances", rules.AllergyIntoleranceListNotFound, []rules.ID{
		rules.AllergyIntoleranceListUnknownParameter, rules.AllergyIntoleranceListIDFilter, rules.AllergyIntoleranceListDateFilter, rules.AllergyIntoleranceListDateExists,
	})
	GetAllergyIntoleranceContext   = allergyIntolerances.context("getAllergyIntoleranceContext", rules.AllergyIntoleranceContextPerson, rules.AllergyIntoleranceContextNotFound)
	GetEpisodeAllergyIntolerance   = allergyIntolerances.get("getEpisodeAllergyIntolerance", "", rules.AllergyIntoleranceGetInEpisodeNotFound)
	ListEpisodeAllergyIntolerances = allergyIntolerances.open("listEpisodeAllergyIntolerances", rules.AllergyIntoleranceListInEpisodeNotFound, []rules.ID{
		rules.AllergyIntoleranceListInEpisodeUnknownParameter, rules.AllergyIntoleranceListInEpisodeDateFilter, rules.AllergyIntoleranceListInEpisodeDateExists,
	})
)

// GetAllergyIntolerance serves GET /api/patients/{patient_id}/allergy_intolerances/{allergy_intolerance_id}.
func (a *API) GetAllergyIntolerance(ctx context.Context, req api.GetAllergyIntoleranceRequestObject) (api.GetAllergyIntoleranceResponseObject, error) {
	d, err := GetAllergyIntolerance.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.AllergyIntoleranceID})
	if err != nil {
		return nil, err
	}
	return api.GetAllergyIntolerance200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: d.show()}, nil
}

// ListAllergyIntolerances serves GET /api/patients/{patient_id}/allergy_intolerances.
func (a *API) ListAllergyIntolerances(ctx context.Context, req api.ListAllergyIntolerancesRequestObject) (api.ListAllergyIntolerancesResponseObject, error) {
	p := req.Params
	f := filters(ctx, rules.AllergyIntoleranceListUnknownParameter)
	f.Text(p.Code, "code.coding.code")
	f.UUID(rules.AllergyIntoleranceListIDFilter, "encounter_id", p.EncounterID, contextField)
	f.UUID(rules.AllergyIntoleranceListIDFilter, "episode_id", p.EpisodeID, episodeField)
	f.Days(rules.AllergyIntoleranceListDateFilter, rules.AllergyIntoleranceListDateExists, "onset_date_time", p.OnsetDateTimeFrom, p.OnsetDateTimeTo, "onset_date_time")
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := ListAllergyIntolerances.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListAllergyIntolerances200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found, (*AllergyIntolerance).show), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// GetAllergyIntoleranceContext serves GET /api/patients/{patient_id}/allergy_intolerances/{allergy_intolerance_id}/context.
func (a *API) GetAllergyIntoleranceContext(ctx context.Context, req api.GetAllergyIntoleranceContextRequestObject) (api.GetAllergyIntoleranceContextResponseObject, error) {
	d, err := GetAllergyIntoleranceContext.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.AllergyIntoleranceID})
	if err != nil {
		return nil, err
	}
	data := api.RecordContext{Episode: d.episode()}
	return api.GetAllergyIntoleranceContext200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: data}, nil
}

// GetEpisodeAllergyIntolerance serves GET /api/patients/{patient_id}/episodes/{episode_id}/allergy_intolerances/{allergy_intolerance_id}.
func (a *API) GetEpisodeAllergyIntolerance(ctx context.Context, req api.GetEpisodeAllergyIntoleranceRequestObject) (api.GetEpisodeAllergyIntoleranceResponseObject, error) {
	d, err := GetEpisodeAllergyIntolerance.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, Episode: req.EpisodeID, ID: req.AllergyIntoleranceID})
	if err != nil {
		return nil, err
	}
	return api.GetEpisodeAllergyIntolerance200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: d.show()}, nil
}

// ListEpisodeAllergyIntolerances serves GET /api/patients/{patient_id}/episodes/{episode_id}/allergy_intolerances.
func (a *API) ListEpisodeAllergyIntolerances(ctx context.Context, req api.ListEpisodeAllergyIntolerancesRequestObject) (api.ListEpisodeAllergyIntolerancesResponseObject, error) {
	p := req.Params
	f := filters(ctx, rules.AllergyIntoleranceListInEpisodeUnknownParameter)
	f.PathID(req.EpisodeID, episodeField)
	f.Text(p.Code, "code.coding.code")
	f.Days(rules.AllergyIntoleranceListInEpisodeDateFilter, rules.AllergyIntoleranceListInEpisodeDateExists, "onset_date_time", p.OnsetDateTimeFrom, p.OnsetDateTimeTo, "onset_date_time")
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := ListEpisodeAllergyIntolerances.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListEpisodeAllergyIntolerances200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found, (*AllergyIntolerance).show), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}
