package medicalrecords

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

var observations = kind[Observation]{
	Name: "observation", Collection: "observations",
	Grounds: func(d *Observation) operation.Grounds {
		return d.grounds(grounds{encounter: d.Context, report: d.DiagnosticReport})
	},
	Fields: operation.GroundFields{Episode: episodeField, Encounter: contextField, Report: reportField},
}

// Operations on observations.
var (
	GetObservation   = observations.get("getObservation", rules.ObservationGetAccess, rules.ObservationGetNotFound)
	ListObservations = observations.list("listObservations", rules.ObservationListAccess, []rules.ID{
		rules.ObservationListUnknownParameter, rules.ObservationListIDFilter, rules.ObservationListDateFilter, rules.ObservationListDateExists,
	})
	GetObservationContext   = observations.context("getObservationContext", rules.ObservationContextPerson, rules.ObservationContextNotFound)
	GetEpisodeObservation   = observations.get("getEpisodeObservation", rules.ObservationGetInEpisodeAccess, rules.ObservationGetInEpisodeNotFound)
	ListEpisodeObservations = observations.page("listEpisodeObservations", rules.ObservationListInEpisodeAccess, rules.ObservationListInEpisodeNotFound, []rules.ID{
		rules.ObservationListInEpisodeUnknownParameter, rules.ObservationListInEpisodeDateFilter, rules.ObservationListInEpisodeDateExists,
	})
)

// GetObservation serves GET /api/patients/{patient_id}/observations/{observation_id}.
func (a *API) GetObservation(ctx context.Context, req api.GetObservationRequestObject) (api.GetObservationResponseObject, error) {
	d, err := GetObservation.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.ObservationID})
	if err != nil {
		return nil, err
	}
	return api.GetObservation200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: d.show()}, nil
}

// ListObservations serves GET /api/patients/{patient_id}/observations.
func (a *API) ListObservations(ctx context.Context, req api.ListObservationsRequestObject) (api.ListObservationsResponseObject, error) {
	p := req.Params
	f := filters(ctx, rules.ObservationListUnknownParameter)
	f.Text(p.Code, "code.coding.0.code")
	f.UUID(rules.ObservationListIDFilter, "encounter_id", p.EncounterID, contextField)
	f.UUID(rules.ObservationListIDFilter, "diagnostic_report_id", p.DiagnosticReportID, reportField)
	f.UUID(rules.ObservationListIDFilter, "episode_id", p.EpisodeID, episodeField)
	f.UUID(rules.ObservationListIDFilter, "device_id", p.DeviceID, "device.identifier.value")
	f.UUID(rules.ObservationListIDFilter, "managing_organization_id", p.ManagingOrganizationID, ownerField)
	f.UUID(rules.ObservationListIDFilter, "specimen_id", p.SpecimenID, "specimen.identifier.value")
	f.Days(rules.ObservationListDateFilter, rules.ObservationListDateExists, "issued", p.IssuedFrom, p.IssuedTo, "issued")
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := ListObservations.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListObservations200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found, (*Observation).show), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// GetObservationContext serves GET /api/patients/{patient_id}/observations/{observation_id}/context.
func (a *API) GetObservationContext(ctx context.Context, req api.GetObservationContextRequestObject) (api.GetObservationContextResponseObject, error) {
	d, err := GetObservationContext.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.ObservationID})
	if err != nil {
		return nil, err
	}
	data := api.ObservationContext{Episode: d.episode(), DiagnosticReport: medicalevents.Nullable(d.DiagnosticReport, reference.Show)}
	return api.GetObservationContext200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: data}, nil
}

// GetEpisodeObservation serves GET /api/patients/{patient_id}/episodes/{episode_id}/observations/{observation_id}.
func (a *API) GetEpisodeObservation(ctx context.Context, req api.GetEpisodeObservationRequestObject) (api.GetEpisodeObservationResponseObject, error) {
	d, err := GetEpisodeObservation.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, Episode: req.EpisodeID, ID: req.ObservationID})
	if err != nil {
		return nil, err
	}
	return api.GetEpisodeObservation200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: d.show()}, nil
}

// ListEpisodeObservations serves GET /api/patients/{patient_id}/episodes/{episode_id}/observations.
func (a *API) ListEpisodeObservations(ctx context.Context, req api.ListEpisodeObservationsRequestObject) (api.ListEpisodeObservationsResponseObject, error) {
	p := req.Params
	f := filters(ctx, rules.ObservationListInEpisodeUnknownParameter)
	f.PathID(req.EpisodeID, episodeField)
	f.Text(p.Code, "code.coding.0.code")
	f.Days(rules.ObservationListInEpisodeDateFilter, rules.ObservationListInEpisodeDateExists, "issued", p.IssuedFrom, p.IssuedTo, "issued")
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := ListEpisodeObservations.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListEpisodeObservations200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found, (*Observation).show), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}
