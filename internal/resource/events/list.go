package events

import (
	"context"
	"fmt"
	"strings"
	"time"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListEvents serves GET /api/events.
func (a *API) ListEvents(ctx context.Context, req api.ListEventsRequestObject) (api.ListEventsResponseObject, error) {
	l := newListing(a.Engine.Caller(ctx), req.Params)
	if err := operation.Run(ctx, listChecks, l); err != nil {
		return nil, err
	}
	l.warn(ctx)
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := a.Store.list(ctx, l.filter, page)
	if err != nil {
		return nil, err
	}
	return api.ListEvents200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL),
	}, nil
}

// listing is one call of listEvents.
type listing struct {
	operation.Caller
	filter       filter
	isFrom, isTo bool // date and date_to are moments, or not sent
	hasAttribute bool // new_value comes with its attribute, or is not sent
}

// momentForm is what moment reads.
const momentForm = "a moment without a zone, as 2026-03-25T10:45:16"

var listChecks = []operation.Check[*listing]{
	{Rule: rules.EventListDate, Pass: func(_ context.Context, l *listing) error {
		return operation.Expect(l.isFrom, "date", momentForm, "another text")
	}},
	{Rule: rules.EventListDateTo, Pass: func(_ context.Context, l *listing) error {
		return operation.Expect(l.isTo, "date_to", momentForm, "another text")
	}},
	{Rule: rules.EventListAttributeName, Pass: func(_ context.Context, l *listing) error {
		return operation.Expect(l.hasAttribute, "attribute_name", "a text, because new_value is given", "nothing")
	}},
	{Rule: rules.EventListPeriod, Pass: func(_ context.Context, l *listing) error {
		return operation.Expect(l.filter.to.Sub(l.filter.from) <= l.longest(), "time between date and date_to",
			fmt.Sprint("at most ", l.longest()), l.filter.to.Sub(l.filter.from), "period", l.Config.EventsMaxPeriodHours)
	}},
}

// filter narrows a list of events; what is nil does not.
type filter struct {
	from, to                                       time.Time // from is included, to is not
	eventType, entityType, attributeName, newValue *string
}

// newListing reads the query.
func newListing(by operation.Caller, params api.ListEventsParams) *listing {
	l := &listing{Caller: by, filter: filter{
		eventType: given(params.EventType), entityType: given(params.EntityType),
		attributeName: given(params.AttributeName), newValue: given(params.NewValue),
	}}
	f := &l.filter
	if l.hasAttribute = f.newValue == nil || f.attributeName != nil; !l.hasAttribute {
		f.newValue = nil // a value of no attribute narrows nothing
	}
	var from, to *time.Time
	from, l.isFrom = moment(params.Date)
	to, l.isTo = moment(params.DateTo)
	longest := l.longest()
	switch {
	case from != nil && to != nil:
		f.from, f.to = *from, *to
	case from != nil:
		f.from, f.to = *from, from.Add(longest)
	case to != nil:
		f.from, f.to = to.Add(-longest), *to
	default:
		f.from, f.to = by.Now.Add(-longest), by.Now
	}
	return l
}

// warn of a period in which there can be no events.
func (l *listing) warn(ctx context.Context) {
	about := envelope.RequestFrom(ctx)
	kept := time.Duration(l.Config.EventsExpiration) * 24 * time.Hour
	switch {
	case l.filter.from.After(l.Now):
		about.Warn("date is in the future: there are no events yet")
	case !l.filter.from.Before(l.filter.to):
		about.Warn("date is not before date_to: there are no events in between")
	case l.filter.from.Before(l.Now.Add(-kept)):
		about.Warn(fmt.Sprintf("date is before the oldest event that is kept: they are deleted after %d days (EVENTS_EXPIRATION)", l.Config.EventsExpiration))
	}
}

func (l *listing) longest() time.Duration {
	return time.Duration(l.Config.EventsMaxPeriodHours) * time.Hour
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
func moment(value *string) (at *time.Time, ok bool) {
	if value = given(value); value == nil {
		return nil, true
	}
	text := strings.Replace(strings.TrimSuffix(*value, "Z"), " ", "T", 1)
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04"} {
		// time.Parse also takes an hour of one digit.
		if parsed, err := time.Parse(layout, text); err == nil && text[len("2006-01-02T15")] == ':' {
			return &parsed, true
		}
	}
	return nil, false
}
