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

var diagnosticReports = kind[DiagnosticReport]{
	Name: "diagnostic_report", Collection: "diagnostic_reports", Hides: (*DiagnosticReport).compared,
	Grounds: func(d *DiagnosticReport) operation.Grounds {
		return d.grounds(grounds{encounter: d.Encounter, origin: d.OriginEpisode})
	},
	Fields: operation.GroundFields{Episode: episodeField, Origin: originField, Encounter: encounterField},
}

// Operations on diagnostic reports.
var (
	GetDiagnosticReport   = diagnosticReports.hides(diagnosticReports.get("getDiagnosticReport", rules.DiagnosticReportGetAccess, rules.DiagnosticReportGetNotFound), rules.DiagnosticReportGetForbiddenGroup)
	ListDiagnosticReports = diagnosticReports.list("listDiagnosticReports", rules.DiagnosticReportListAccess, []rules.ID{
		rules.DiagnosticReportListUnknownParameter, rules.DiagnosticReportListIDFilter, rules.DiagnosticReportListDateFilter, rules.DiagnosticReportListDateExists,
	})
	GetDiagnosticReportContext = diagnosticReports.context("getDiagnosticReportContext", rules.DiagnosticReportContextPerson, rules.DiagnosticReportContextNotFound)
)

// GetDiagnosticReport serves GET /api/patients/{patient_id}/diagnostic_reports/{diagnostic_report_id}.
func (a *API) GetDiagnosticReport(ctx context.Context, req api.GetDiagnosticReportRequestObject) (api.GetDiagnosticReportResponseObject, error) {
	d, err := GetDiagnosticReport.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.DiagnosticReportID})
	if err != nil {
		return nil, err
	}
	return api.GetDiagnosticReport200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: d.show()}, nil
}

// ListDiagnosticReports serves GET /api/patients/{patient_id}/diagnostic_reports.
func (a *API) ListDiagnosticReports(ctx context.Context, req api.ListDiagnosticReportsRequestObject) (api.ListDiagnosticReportsResponseObject, error) {
	p := req.Params
	f := filters(ctx, rules.DiagnosticReportListUnknownParameter)
	f.UUID(rules.DiagnosticReportListIDFilter, "code", p.Code, serviceField)
	f.UUID(rules.DiagnosticReportListIDFilter, "encounter_id", p.EncounterID, encounterField)
	f.UUID(rules.DiagnosticReportListIDFilter, "context_episode_id", p.ContextEpisodeID, episodeField)
	f.UUID(rules.DiagnosticReportListIDFilter, "origin_episode_id", p.OriginEpisodeID, originField)
	f.UUID(rules.DiagnosticReportListIDFilter, "based_on", p.BasedOn, basedOnField)
	f.UUID(rules.DiagnosticReportListIDFilter, "managing_organization_id", p.ManagingOrganizationID, ownerField)
	f.UUID(rules.DiagnosticReportListIDFilter, "specimen_id", p.SpecimenID, "specimens.identifier.value")
	f.Days(rules.DiagnosticReportListDateFilter, rules.DiagnosticReportListDateExists, "issued", p.IssuedFrom, p.IssuedTo, "issued")
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := ListDiagnosticReports.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListDiagnosticReports200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found, (*DiagnosticReport).show), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// GetDiagnosticReportContext serves GET /api/patients/{patient_id}/diagnostic_reports/{diagnostic_report_id}/context.
func (a *API) GetDiagnosticReportContext(ctx context.Context, req api.GetDiagnosticReportContextRequestObject) (api.GetDiagnosticReportContextResponseObject, error) {
	d, err := GetDiagnosticReportContext.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.DiagnosticReportID})
	if err != nil {
		return nil, err
	}
	data := api.OriginRecordContext{Episode: d.episode(), OriginEpisode: medicalevents.Nullable(d.OriginEpisode, reference.Show)}
	return api.GetDiagnosticReportContext200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: data}, nil
}
