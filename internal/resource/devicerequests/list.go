package devicerequests

import (
	"context"
	"slices"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
)

// ListDeviceRequests serves GET /api/patients/{patient_id}/device_requests.
func (a *API) ListDeviceRequests(
	ctx context.Context, req api.ListDeviceRequestsRequestObject,
) (api.ListDeviceRequestsResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := List.List(ctx, a.Engine, req.PatientID, filtersOf(ctx, req.Params), page)
	if err != nil {
		return nil, err
	}
	shown := make([]api.DeviceRequest, len(found))
	for i := range found {
		if shown[i], _, err = found[i].Show(a.Engine.Keys); err != nil {
			return nil, err
		}
	}
	return api.ListDeviceRequests200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: shown, Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// List reads the device requests of a patient (decisions R26).
var List = operation.Page[Document]{
	ID: "listDeviceRequests", Collection: Collection, Kind: kind, Owner: ownerField,
	Checks: []operation.Check[*operation.Listing]{
		{Rule: rules.DeviceRequestListUnknownParameter, Or: []rules.ID{
			rules.DeviceRequestListIDFilter, rules.DeviceRequestListDateTimeFilter,
			rules.DeviceRequestListDateTimeExists, rules.DeviceRequestListStatus,
		}, Pass: operation.FiltersAreSound},
		{Rule: rules.DeviceRequestListPerson, Pass: operation.ListedPatientExists},
		{Rule: rules.DeviceRequestListAccess, Pass: operation.MayList},
	},
}

// basedOnField names the care plan and the activity of a request.
const basedOnField = "based_on.identifier.value"

func filtersOf(ctx context.Context, p api.ListDeviceRequestsParams) *operation.Filters {
	f := new(operation.Filters)
	f.Undeclared(ctx, rules.DeviceRequestListUnknownParameter)
	id := func(parameter string, value *string, field string) {
		f.UUID(rules.DeviceRequestListIDFilter, parameter, value, field)
	}
	id("code_reference", p.CodeReference, "code_reference.identifier.value")
	id("requester_legal_entity", p.RequesterLegalEntity, ownerField)
	id("requester", p.Requester, "requester.identifier.value")
	id("encounter", p.Encounter, "encounter.identifier.value")
	id("program", p.Program, "program.identifier.value")
	id("context_episode_id", p.ContextEpisodeID, "context_episode_id")
	id("context_care_plan_id", p.ContextCarePlanID, basedOnField)
	id("based_on", p.BasedOn, basedOnField)
	id("performer", p.Performer, "performer.identifier.value")
	moments := func(name string, from, to *string, field string) {
		form, exists := rules.DeviceRequestListDateTimeFilter, rules.DeviceRequestListDateTimeExists
		f.Moment(form, exists, name+"_from", from, field, mongodb.AtLeast)
		f.Moment(form, exists, name+"_to", to, field, mongodb.AtMost)
	}
	moments("authored_on", p.AuthoredOnFrom, p.AuthoredOnTo, "authored_on")
	moments("occurrence_period_start", p.OccurrencePeriodStartFrom, p.OccurrencePeriodStartTo, "occurrence_period.start")
	moments("occurrence_period_end", p.OccurrencePeriodEndFrom, p.OccurrencePeriodEndTo, "occurrence_period.end")
	f.Text(p.Code, "code.coding.code")
	f.Text(p.Priority, "priority")
	if p.Status != nil && !slices.Contains(Statuses, *p.Status) {
		f.Refuse(fault.Refuse(rules.DeviceRequestListStatus).Because("status", Statuses, "another text"))
	}
	f.Text(p.Status, "status")
	return f
}
