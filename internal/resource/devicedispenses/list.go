package devicedispenses

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

// ListDeviceDispenses serves GET /api/patients/{patient_id}/device_dispenses.
func (a *API) ListDeviceDispenses(
	ctx context.Context, req api.ListDeviceDispensesRequestObject,
) (api.ListDeviceDispensesResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := List.List(ctx, a.Engine, req.PatientID, filtersOf(ctx, &listRules, req.Params), page)
	if err != nil {
		return nil, err
	}
	data, err := a.showAll(found)
	return api.ListDeviceDispenses200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, err
}

// List reads the device dispenses of a patient (decisions R26).
var List = operation.Page[Document]{
	ID: "listDeviceDispenses", Collection: Collection, Kind: kind, Owner: ownerField,
	Checks: []operation.Check[*operation.Listing]{
		{Rule: rules.DeviceDispenseListUnknownParameter, Or: []rules.ID{
			rules.DeviceDispenseListIDFilter, rules.DeviceDispenseListDateTimeFilter,
			rules.DeviceDispenseListDateTimeExists, rules.DeviceDispenseListStatus,
		}, Pass: operation.FiltersAreSound},
		{Rule: rules.DeviceDispenseListPerson, Pass: operation.ListedPatientExists},
		{Rule: rules.DeviceDispenseListPersonActive, Pass: operation.ListedPatientIsActive},
		{Rule: rules.DeviceDispenseListAccess, Pass: operation.MayList},
	},
}

// filterRules refuse filters.
type filterRules struct{ unknown, id, moment, exists, status rules.ID }

var listRules = filterRules{
	unknown: rules.DeviceDispenseListUnknownParameter, id: rules.DeviceDispenseListIDFilter,
	moment: rules.DeviceDispenseListDateTimeFilter, exists: rules.DeviceDispenseListDateTimeExists, status: rules.DeviceDispenseListStatus,
}

func filtersOf(ctx context.Context, by *filterRules, p api.ListDeviceDispensesParams) *operation.Filters {
	f := new(operation.Filters)
	f.Undeclared(ctx, by.unknown)
	id := func(parameter string, value *string, field string) {
		f.UUID(by.id, parameter, value, field)
	}
	id("based_on", p.BasedOn, requestField)
	id("performer_legal_entity", p.PerformerLegalEntity, ownerField)
	id("location", p.Location, "location.identifier.value")
	id("performer", p.Performer, "performer.identifier.value")
	id("part_of", p.PartOf, "part_of.identifier.value")
	id("encounter", p.Encounter, "encounter.identifier.value")
	id("context_episode_id", p.ContextEpisodeID, "context_episode_id")
	id("origin_episode_id", p.OriginEpisodeID, "origin_episode_id")
	id("device", p.Device, "details.device.identifier.value")
	id("program", p.Program, "program.identifier.value")
	moment := func(parameter string, value *string, field string, operator mongodb.Operator) {
		f.Moment(by.moment, by.exists, parameter, value, field, operator)
	}
	moment("when_handed_over_from", p.WhenHandedOverFrom, "when_handed_over", mongodb.AtLeast)
	moment("when_handed_over_to", p.WhenHandedOverTo, "when_handed_over", mongodb.AtMost)
	moment("inserted_at_from", p.InsertedAtFrom, "inserted_at", mongodb.AtLeast)
	moment("inserted_at_to", p.InsertedAtTo, "inserted_at", mongodb.AtMost)
	f.Text(p.DeviceCode, "details.device_code.coding.code")
	if p.Status != nil && !slices.Contains(Statuses, *p.Status) {
		f.Refuse(fault.Refuse(by.status).Because("status", Statuses, "another text"))
	}
	f.Text(p.Status, "status")
	return f
}
