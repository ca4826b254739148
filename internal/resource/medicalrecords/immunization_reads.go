package medicalrecords

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

var immunizations = kind[Immunization]{
	Name: "immunization", Collection: "immunizations",
	Grounds: func(d *Immunization) operation.Grounds { return d.grounds(grounds{encounter: &d.Context}) },
}

// Operations on immunizations.
var (
	GetImmunization   = immunizations.get("getImmunization", "", rules.ImmunizationGetNotFound)
	ListImmunizations = immunizations.open("listImmunizations", rules.ImmunizationListNotFound, []rules.ID{
		rules.ImmunizationListUnknownParameter, rules.ImmunizationListIDFilter, rules.ImmunizationListDateFilter, rules.ImmunizationListDateExists,
	})
	GetImmunizationContext   = immunizations.context("getImmunizationContext", rules.ImmunizationContextPerson, rules.ImmunizationContextNotFound)
	GetEpisodeImmunization   = immunizations.get("getEpisodeImmunization", "", rules.ImmunizationGetInEpisodeNotFound)
	ListEpisodeImmunizations = immunizations.open("listEpisodeImmunizations", rules.ImmunizationListInEpisodeNotFound, []rules.ID{
		rules.ImmunizationListInEpisodeUnknownParameter, rules.ImmunizationListInEpisodeDateFilter, rules.ImmunizationListInEpisodeDateExists,
	})
)

// GetImmunization serves GET /api/patients/{patient_id}/immunizations/{immunization_id}.
func (a *API) GetImmunization(ctx context.Context, req api.GetImmunizationRequestObject) (api.GetImmunizationResponseObject, error) {
	d, err := GetImmunization.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.ImmunizationID})
	if err != nil {
		return nil, err
	}
	return api.GetImmunization200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: d.show()}, nil
}

// ListImmunizations serves GET /api/patients/{patient_id}/immunizations.
func (a *API) ListImmunizations(ctx context.Context, req api.ListImmunizationsRequestObject) (api.ListImmunizationsResponseObject, error) {
	p := req.Params
	f := filters(ctx, rules.ImmunizationListUnknownParameter)
	f.Text(p.VaccineCode, "vaccine_code.coding.code")
	f.UUID(rules.ImmunizationListIDFilter, "encounter_id", p.EncounterID, contextField)
	f.UUID(rules.ImmunizationListIDFilter, "episode_id", p.EpisodeID, episodeField)
	f.Days(rules.ImmunizationListDateFilter, rules.ImmunizationListDateExists, "date", p.DateFrom, p.DateTo, "date")
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := ListImmunizations.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListImmunizations200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found, (*Immunization).show), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// GetImmunizationContext serves GET /api/patients/{patient_id}/immunizations/{immunization_id}/context.
func (a *API) GetImmunizationContext(ctx context.Context, req api.GetImmunizationContextRequestObject) (api.GetImmunizationContextResponseObject, error) {
	d, err := GetImmunizationContext.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.ImmunizationID})
	if err != nil {
		return nil, err
	}
	data := api.RecordContext{Episode: d.episode()}
	return api.GetImmunizationContext200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: data}, nil
}

// GetEpisodeImmunization serves GET /api/patients/{patient_id}/episodes/{episode_id}/immunizations/{immunization_id}.
func (a *API) GetEpisodeImmunization(ctx context.Context, req api.GetEpisodeImmunizationRequestObject) (api.GetEpisodeImmunizationResponseObject, error) {
	d, err := GetEpisodeImmunization.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, Episode: req.EpisodeID, ID: req.ImmunizationID})
	if err != nil {
		return nil, err
	}
	return api.GetEpisodeImmunization200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: d.show()}, nil
}

// ListEpisodeImmunizations serves GET /api/patients/{patient_id}/episodes/{episode_id}/immunizations.
func (a *API) ListEpisodeImmunizations(ctx context.Context, req api.ListEpisodeImmunizationsRequestObject) (api.ListEpisodeImmunizationsResponseObject, error) {
	p := req.Params
	f := filters(ctx, rules.ImmunizationListInEpisodeUnknownParameter)
	f.PathID(req.EpisodeID, episodeField)
	f.Text(p.VaccineCode, "vaccine_code.coding.code")
	f.Days(rules.ImmunizationListInEpisodeDateFilter, rules.ImmunizationListInEpisodeDateExists, "date", p.DateFrom, p.DateTo, "date")
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := ListEpisodeImmunizations.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListEpisodeImmunizations200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found, (*Immunization).show), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}
