package events

import (
	"context"
	"errors"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// GetEvent serves GET /api/events/{id}. The data is a list of one, as the
// published document has it.
func (a *API) GetEvent(ctx context.Context, req api.GetEventRequestObject) (api.GetEventResponseObject, error) {
	event, err := a.get(ctx, req.ID)
	if err != nil {
		return nil, err
	}
	return api.GetEvent200JSONResponse{Meta: envelope.ListMeta(ctx), Data: []api.Event{event}}, nil
}

// get returns an event:
//
//	event.get.not_found   the event exists
func (a *API) get(ctx context.Context, id string) (api.Event, error) {
	parsed, ok := envelope.ParseID(id)
	if !ok {
		return api.Event{}, fault.Refuse(rules.EventGetNotFound)
	}
	event, err := get(ctx, a.Pool, parsed)
	if errors.Is(err, fault.ErrNotFound) {
		return api.Event{}, fault.Refuse(rules.EventGetNotFound)
	}
	return event, err
}
