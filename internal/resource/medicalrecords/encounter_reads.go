package medicalrecords

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

var encounters = kind[Encounter]{
	Name: "encounter", Collection: "encounters", Hides: (*Encounter).compared,
	Grounds: func(d *Encounter) operation.Grounds { return d.grounds(grounds{origin: d.OriginEpisode}) },
	Fields:  operation.GroundFields{Episode: episodeField, Origin: originField},
}

// Operations on encounters.
var (
	GetEncounter   = encounters.hides(encounters.get("getEncounter", rules.EncounterGetAccess, rules.EncounterGetNotFound), rules.EncounterGetForbiddenGroup)
	ListEncounters = encounters.list("listEncounters", rules.EncounterListAccess, []rules.ID{
		rules.EncounterListUnknownParameter, rules.EncounterListIDFilter, rules.EncounterListDateFilter, rules.EncounterListDateExists,
	})
	GetEncounterContext   = encounters.context("getEncounterContext", rules.EncounterContextPerson, rules.EncounterContextNotFound)
	GetEpisodeEncounter   = encounters.hides(encounters.get("getEpisodeEncounter", rules.EncounterGetInEpisodeAccess, rules.EncounterGetInEpisodeNotFound), rules.EncounterGetInEpisodeForbiddenGroup)
	ListEpisodeEncounters = encounters.page("listEpisodeEncounters", rules.EncounterListInEpisodeAccess, rules.EncounterListInEpisodeNotFound, []rules.ID{
		rules.EncounterListInEpisodeUnknownParameter, rules.EncounterListInEpisodeIDFilter, rules.EncounterListInEpisodeDateFilter, rules.EncounterListInEpisodeDateExists,
	})
)

// GetEncounter serves GET /api/patients/{patient_id}/encounters/{encounter_id}.
func (a *API) GetEncounter(ctx context.Context, req api.GetEncounterRequestObject) (api.GetEncounterResponseObject, error) {
	d, err := GetEncounter.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.EncounterID})
	if err != nil {
		return nil, err
	}
	return api.GetEncounter200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: d.show()}, nil
}

// ListEncounters serves GET /api/patients/{patient_id}/encounters.
func (a *API) ListEncounters(ctx context.Context, req api.ListEncountersRequestObject) (api.ListEncountersResponseObject, error) {
	p := req.Params
	f := filters(ctx, rules.EncounterListUnknownParameter)
	f.UUID(rules.EncounterListIDFilter, "episode_id", p.EpisodeID, episodeField)
	f.UUID(rules.EncounterListIDFilter, "incoming_referral_id", p.IncomingReferralID, referralField)
	f.UUID(rules.EncounterListIDFilter, "incoming_referral", p.IncomingReferral, referralField)
	f.UUID(rules.EncounterListIDFilter, "origin_episode_id", p.OriginEpisodeID, originField)
	f.UUID(rules.EncounterListIDFilter, "managing_organization_id", p.ManagingOrganizationID, ownerField)
	f.Days(rules.EncounterListDateFilter, rules.EncounterListDateExists, "period_start", p.PeriodStartFrom, p.PeriodStartTo, "period.start")
	f.Days(rules.EncounterListDateFilter, rules.EncounterListDateExists, "period_end", p.PeriodEndFrom, p.PeriodEndTo, "period.end")
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := ListEncounters.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListEncounters200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found, (*Encounter).show), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// GetEncounterContext serves GET /api/patients/{patient_id}/encounters/{encounter_id}/context.
func (a *API) GetEncounterContext(ctx context.Context, req api.GetEncounterContextRequestObject) (api.GetEncounterContextResponseObject, error) {
	d, err := GetEncounterContext.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.EncounterID})
	if err != nil {
		return nil, err
	}
	data := api.RecordContext{Episode: d.episode()}
	return api.GetEncounterContext200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: data}, nil
}

// GetEpisodeEncounter serves GET /api/patients/{patient_id}/episodes/{episode_id}/encounters/{encounter_id}.
func (a *API) GetEpisodeEncounter(ctx context.Context, req api.GetEpisodeEncounterRequestObject) (api.GetEpisodeEncounterResponseObject, error) {
	d, err := GetEpisodeEncounter.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, Episode: req.EpisodeID, ID: req.EncounterID})
	if err != nil {
		return nil, err
	}
	return api.GetEpisodeEncounter200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: d.show()}, nil
}

// ListEpisodeEncounters serves GET /api/patients/{patient_id}/episodes/{episode_id}/encounters.
func (a *API) ListEpisodeEncounters(ctx context.Context, req api.ListEpisodeEncountersRequestObject) (api.ListEpisodeEncountersResponseObject, error) {
	p := req.Params
	f := filters(ctx, rules.EncounterListInEpisodeUnknownParameter)
	f.PathID(req.EpisodeID, episodeField)
	f.UUID(rules.EncounterListInEpisodeIDFilter, "incoming_referral_id", p.IncomingReferralID, referralField)
	f.UUID(rules.EncounterListInEpisodeIDFilter, "incoming_referral", p.IncomingReferral, referralField)
	f.UUID(rules.EncounterListInEpisodeIDFilter, "origin_episode_id", p.OriginEpisodeID, originField)
	f.Days(rules.EncounterListInEpisodeDateFilter, rules.EncounterListInEpisodeDateExists, "period_start", p.PeriodStartFrom, p.PeriodStartTo, "period.start")
	f.Days(rules.EncounterListInEpisodeDateFilter, rules.EncounterListInEpisodeDateExists, "period_end", p.PeriodEndFrom, p.PeriodEndTo, "period.end")
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := ListEpisodeEncounters.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListEpisodeEncounters200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found, (*Encounter).show), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}
