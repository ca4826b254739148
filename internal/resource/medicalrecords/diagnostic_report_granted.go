package medicalrecords

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// Operations on the diagnostic reports that approvals of the user open.
var (
	ListApprovedDiagnosticReports = diagnosticReports.approved("listApprovedDiagnosticReports", rules.DiagnosticReportApprovedPerson,
		rules.DiagnosticReportApprovedUnknownParameter, rules.DiagnosticReportApprovedIDFilter)
	ListDiagnosticReportsOfServiceGroups = diagnosticReports.granted("listDiagnosticReportsOfServiceGroups", rules.DiagnosticReportServiceGroupsPerson,
		rules.DiagnosticReportServiceGroupsUnknownParameter, rules.DiagnosticReportServiceGroupsIDFilter,
		rules.DiagnosticReportServiceGroupsDateFilter, rules.DiagnosticReportServiceGroupsDateExists)
)

// ListApprovedDiagnosticReports serves GET /api/patients/{patient_id}/diagnostic_reports/approved.
func (a *API) ListApprovedDiagnosticReports(
	ctx context.Context, req api.ListApprovedDiagnosticReportsRequestObject,
) (api.ListApprovedDiagnosticReportsResponseObject, error) {
	f := filters(ctx, rules.DiagnosticReportApprovedUnknownParameter)
	f.UUID(rules.DiagnosticReportApprovedIDFilter, "code", req.Params.Code, serviceField)
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := ListApprovedDiagnosticReports.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListApprovedDiagnosticReports200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found, (*DiagnosticReport).show), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// ListDiagnosticReportsOfServiceGroups serves GET /api/patients/{patient_id}/service_groups/diagnostic_reports.
func (a *API) ListDiagnosticReportsOfServiceGroups(
	ctx context.Context, req api.ListDiagnosticReportsOfServiceGroupsRequestObject,
) (api.ListDiagnosticReportsOfServiceGroupsResponseObject, error) {
	p := req.Params
	f := filters(ctx, rules.DiagnosticReportServiceGroupsUnknownParameter)
	group := f.ID(rules.DiagnosticReportServiceGroupsIDFilter, "service_group_id", p.ServiceGroupID)
	f.UUID(rules.DiagnosticReportServiceGroupsIDFilter, "code", p.Code, serviceField)
	f.UUID(rules.DiagnosticReportServiceGroupsIDFilter, "managing_organization", p.ManagingOrganization, ownerField)
	f.UUID(rules.DiagnosticReportServiceGroupsIDFilter, "managing_organization_id", p.ManagingOrganizationID, ownerField)
	f.Text(p.Status, "status")
	f.Text(p.Category, "category.coding.code")
	f.Days(rules.DiagnosticReportServiceGroupsDateFilter, rules.DiagnosticReportServiceGroupsDateExists, "issued", p.IssuedFrom, p.IssuedTo, "issued")
	f.Among(serviceField, a.Groups.opened(group))
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := ListDiagnosticReportsOfServiceGroups.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListDiagnosticReportsOfServiceGroups200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found, (*DiagnosticReport).showShort), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

func (d *DiagnosticReport) showShort() api.DiagnosticReportShort {
	return api.DiagnosticReportShort{
		ID: d.ID.String(), Status: d.Status, Code: d.Code.Show(), Category: medicalevents.Each(d.Category, concept.Show),
		EffectiveDateTime:    medicalevents.Optional(d.EffectiveDateTime, envelope.Milli),
		EffectivePeriod:      medicalevents.Optional(d.EffectivePeriod, medicalevents.Period.Show),
		Issued:               envelope.Milli(d.Issued),
		ManagingOrganization: d.ManagingOrganization.Show(),
		ExplanatoryLetter:    medicalevents.Nullable(d.ExplanatoryLetter, medicalevents.AsIs),
		UsedReferences:       medicalevents.Each(d.UsedReferences, reference.Show),
	}
}
