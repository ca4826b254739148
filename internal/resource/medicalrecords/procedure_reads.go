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

var procedures = kind[Procedure]{
	Name: "procedure", Collection: "procedures", Hides: (*Procedure).compared,
	Grounds: func(d *Procedure) operation.Grounds {
		return d.grounds(grounds{encounter: &d.Encounter, origin: d.OriginEpisode})
	},
	Fields: operation.GroundFields{Episode: episodeField, Origin: originField, Encounter: encounterField},
}

// Operations on procedures.
var (
	GetProcedure   = procedures.hides(procedures.get("getProcedure", rules.ProcedureGetAccess, rules.ProcedureGetNotFound, rules.ProcedureGetPerson), rules.ProcedureGetForbiddenGroup)
	ListProcedures = procedures.list("listProcedures", rules.ProcedureListAccess, []rules.ID{
		rules.ProcedureListUnknownParameter, rules.ProcedureListIDFilter,
	}, rules.ProcedureListPerson)
	GetProcedureContext = procedures.context("getProcedureContext", rules.ProcedureContextPerson, rules.ProcedureContextNotFound)
)

// GetProcedure serves GET /api/patients/{patient_id}/procedures/{procedure_id}.
func (a *API) GetProcedure(ctx context.Context, req api.GetProcedureRequestObject) (api.GetProcedureResponseObject, error) {
	d, err := GetProcedure.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.ProcedureID})
	if err != nil {
		return nil, err
	}
	return api.GetProcedure200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: d.show()}, nil
}

// ListProcedures serves GET /api/patients/{patient_id}/procedures.
func (a *API) ListProcedures(ctx context.Context, req api.ListProceduresRequestObject) (api.ListProceduresResponseObject, error) {
	p := req.Params
	f := filters(ctx, rules.ProcedureListUnknownParameter)
	f.Text(p.Status, "status")
	f.UUID(rules.ProcedureListIDFilter, "episode_id", p.EpisodeID, episodeField)
	f.UUID(rules.ProcedureListIDFilter, "used_reference_id", p.UsedReferenceID, "used_references.identifier.value")
	f.UUID(rules.ProcedureListIDFilter, "based_on", p.BasedOn, basedOnField)
	f.UUID(rules.ProcedureListIDFilter, "code", p.Code, serviceField)
	f.UUID(rules.ProcedureListIDFilter, "managing_organization_id", p.ManagingOrganizationID, ownerField)
	f.UUID(rules.ProcedureListIDFilter, "encounter_id", p.EncounterID, encounterField)
	f.UUID(rules.ProcedureListIDFilter, "origin_episode_id", p.OriginEpisodeID, originField)
	f.UUID(rules.ProcedureListIDFilter, "device_id", p.DeviceID, "focal_device.manipulated.identifier.value")
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := ListProcedures.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListProcedures200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found, (*Procedure).show), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// GetProcedureContext serves GET /api/patients/{patient_id}/procedures/{procedure_id}/context.
func (a *API) GetProcedureContext(ctx context.Context, req api.GetProcedureContextRequestObject) (api.GetProcedureContextResponseObject, error) {
	d, err := GetProcedureContext.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.ProcedureID})
	if err != nil {
		return nil, err
	}
	data := api.OriginRecordContext{Episode: d.episode(), OriginEpisode: medicalevents.Nullable(d.OriginEpisode, reference.Show)}
	return api.GetProcedureContext200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: data}, nil
}
