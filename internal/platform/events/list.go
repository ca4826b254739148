package events

import (
	"context"
	"strings"
	"time"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// ListEvents serves GET /api/events.
func (a *API) ListEvents(ctx context.Context, req api.ListEventsRequestObject) (api.ListEventsResponseObject, error) {
	f, refusal := filterOf(req.Params, a.Config.Get(), a.Clock.Now())
	if refusal != nil {
		return nil, refusal
	}
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := list(ctx, a.Pool, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListEvents200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL),
	}, nil
}

// filter narrows a list of events; what is nil does not.
type filter struct {
	from, to                                       time.Time // from is included, to is not
	eventType, entityType, attributeName, newValue *string
}

// filterOf reads the query . In this order, the
// first two in one answer:
//
//	event.list.date             date is a moment
//	event.list.date_to          date_to is a moment
//	event.list.attribute_name   new_value comes with attribute_name
//	event.list.period           the period is not longer than allowed
func filterOf(params api.ListEventsParams, cfg *config.Config, now time.Time) (filter, *fault.Error) {
	f := filter{
		eventType: given(params.EventType), entityType: given(params.EntityType),
		attributeName: given(params.AttributeName), newValue: given(params.NewValue),
	}
	from, refusedFrom := moment(rules.EventListDate, params.Date)
	to, refusedTo := moment(rules.EventListDateTo, params.DateTo)
	if refusal := fault.Join(refusedFrom, refusedTo); refusal != nil {
		return f, refusal
	}
	if f.newValue != nil && f.attributeName == nil {
		if cfg.On(rules.EventListAttributeName) {
			return f, fault.Refuse(rules.EventListAttributeName)
		}
		f.newValue = nil // a value of no attribute narrows nothing
	}
	longest := time.Duration(cfg.EventsMaxPeriodHours) * time.Hour
	switch {
	case from != nil && to != nil:
		f.from, f.to = *from, *to
	case from != nil:
		f.from, f.to = *from, from.Add(longest)
	case to != nil:
		f.from, f.to = to.Add(-longest), *to
	default:
		f.from, f.to = now.Add(-longest), now
	}
	if cfg.On(rules.EventListPeriod) && f.to.Sub(f.from) > longest {
		return f, fault.Refuse(rules.EventListPeriod, "period", cfg.EventsMaxPeriodHours)
	}
	return f, nil
}

// given reads a filter; an empty one counts as not sent, as it does in Ecto.
func given(value *string) *string {
	if value == nil || *value == "" {
		return nil
	}
	return value
}

// moment reads a date and time without a zone, which is UTC. A Z at its end
// changes nothing; another zone is refused, because ignoring it, as the
// original does, would silently ask for other hours.
func moment(rule rules.ID, value *string) (*time.Time, *fault.Error) {
	if value = given(value); value == nil {
		return nil, nil
	}
	text := strings.Replace(strings.TrimSuffix(*value, "Z"), " ", "T", 1)
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04"} {
		// time.Parse also takes an hour of one digit.
		if parsed, err := time.Parse(layout, text); err == nil && text[len("2006-01-02T15")] == ':' {
			return &parsed, nil
		}
	}
	return nil, fault.Refuse(rule)
}
