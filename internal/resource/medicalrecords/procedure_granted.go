package medicalrecords

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// ListProceduresOfServiceGroups reads the procedures with a service of the groups that
// approvals of the user open.
var ListProceduresOfServiceGroups = procedures.granted("listProceduresOfServiceGroups", rules.ProcedureServiceGroupsPerson,
	rules.ProcedureServiceGroupsUnknownParameter, rules.ProcedureServiceGroupsIDFilter,
	rules.ProcedureServiceGroupsDateFilter, rules.ProcedureServiceGroupsDateExists)

// ListProceduresOfServiceGroups serves GET /api/patients/{patient_id}/service_groups/procedures.
func (a *API) ListProceduresOfServiceGroups(
	ctx context.Context, req api.ListProceduresOfServiceGroupsRequestObject,
) (api.ListProceduresOfServiceGroupsResponseObject, error) {
	p := req.Params
	f := filters(ctx, rules.ProcedureServiceGroupsUnknownParameter)
	group := f.ID(rules.ProcedureServiceGroupsIDFilter, "service_group_id", p.ServiceGroupID)
	f.UUID(rules.ProcedureServiceGroupsIDFilter, "code", p.Code, serviceField)
	f.UUID(rules.ProcedureServiceGroupsIDFilter, "managing_organization", p.ManagingOrganization, ownerField)
	f.UUID(rules.ProcedureServiceGroupsIDFilter, "managing_organization_id", p.ManagingOrganizationID, ownerField)
	f.Text(p.Status, "status")
	f.Text(p.Category, "category.coding.code")
	days := func(name string, from, to *string, field string) {
		f.Days(rules.ProcedureServiceGroupsDateFilter, rules.ProcedureServiceGroupsDateExists, name, from, to, field)
	}
	days("performed_date_time", p.PerformedDateTimeFrom, p.PerformedDateTimeTo, "performed_date_time")
	days("performed_period_start", p.PerformedPeriodStartFrom, p.PerformedPeriodStartTo, "performed_period.start")
	days("performed_period_end", p.PerformedPeriodEndFrom, p.PerformedPeriodEndTo, "performed_period.end")
	f.Among(serviceField, a.Groups.opened(group))
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := ListProceduresOfServiceGroups.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListProceduresOfServiceGroups200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found, (*Procedure).showShort), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

func (d *Procedure) showShort() api.ProcedureShort {
	return api.ProcedureShort{
		ID: d.ID.String(), Status: d.Status, StatusReason: medicalevents.Nullable(d.StatusReason, concept.Show), Code: d.Code.Show(),
		PerformedDateTime:    medicalevents.Optional(d.PerformedDateTime, envelope.Milli),
		PerformedPeriod:      medicalevents.Optional(d.PerformedPeriod, medicalevents.Period.Show),
		PrimarySource:        d.PrimarySource,
		ManagingOrganization: d.ManagingOrganization.Show(),
		Category:             d.Category.Show(),
	}
}
