package events

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// GetEvent serves GET /api/events/{id}. The data is a list of one, as the
// published document has it.
func (a *API) GetEvent(ctx context.Context, req api.GetEventRequestObject) (api.GetEventResponseObject, error) {
	g := &getting{Caller: a.Engine.Caller(ctx), API: a, id: req.ID}
	if err := operation.Run(ctx, getChecks, g); err != nil {
		return nil, err
	}
	return api.GetEvent200JSONResponse{Meta: envelope.ListMeta(ctx), Data: []api.Event{g.event}}, nil
}

// getting is one call of getEvent.
type getting struct {
	operation.Caller
	*API
	id    string
	event api.Event
}

var getChecks = []operation.Check[*getting]{{Rule: rules.EventGetNotFound, Pass: func(ctx context.Context, g *getting) (err error) {
	id, ok := envelope.ParseID(g.id)
	if !ok {
		return fault.ErrNotFound
	}
	g.event, err = g.Store.get(ctx, id)
	return err
}}}
