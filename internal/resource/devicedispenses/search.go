package devicedispenses

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// SearchDeviceDispenses serves GET /api/device_dispenses: what the caller's legal
// entity has dispensed.
func (a *API) SearchDeviceDispenses(
	ctx context.Context, req api.SearchDeviceDispensesRequestObject,
) (api.SearchDeviceDispensesResponseObject, error) {
	s := &searching{Caller: a.Engine.Caller(ctx), filters: filtersOf(ctx, &searchRules, api.ListDeviceDispensesParams(req.Params))}
	if err := operation.Run(ctx, searchChecks, s); err != nil {
		return nil, err
	}
	own, page := s.ClientID.String(), envelope.PageOf(req.Params.Page, req.Params.PageSize)
	s.filters.UUID(searchRules.id, "performer_legal_entity", &own, ownerField)
	found, total, err := operation.FindPage[Document](ctx, a.Engine, Collection, s.filters, operation.OldestFirst, page)
	if err != nil {
		return nil, err
	}
	data, err := a.showAll(found)
	return api.SearchDeviceDispenses200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, err
}

// searching is one call of searchDeviceDispenses.
type searching struct {
	operation.Caller
	filters *operation.Filters
}

const searchID = "searchDeviceDispenses"

var searchRules = filterRules{
	unknown: rules.DeviceDispenseSearchUnknownParameter, id: rules.DeviceDispenseSearchIDFilter,
	moment: rules.DeviceDispenseSearchDateTimeFilter, exists: rules.DeviceDispenseSearchDateTimeExists,
	status: rules.DeviceDispenseSearchStatus,
}

var searchChecks = []operation.Check[*searching]{
	{
		Rule: searchRules.unknown, Or: []rules.ID{searchRules.id, searchRules.moment, searchRules.exists, searchRules.status},
		Pass: func(_ context.Context, s *searching) error { return s.filters.Err() },
	},
}
