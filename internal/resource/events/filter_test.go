package events

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/config"
	"esoz/internal/platform/fault"
)

func requireRefused(t *testing.T, err error, by ...rules.ID) {
	t.Helper()
	var refusal *fault.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, by, refusal.Rules)
}

func TestPeriod(t *testing.T) {
	t.Parallel()
	now := time.Date(2017, 12, 7, 12, 30, 0, 0, time.UTC)
	at := func(hour, minute, second int) time.Time {
		return time.Date(2017, 12, 7, hour, minute, second, 0, time.UTC)
	}
	cfg := &config.Config{EventsMaxPeriodHours: 3}
	for _, c := range []struct {
		title, date, dateTo string
		from, to            time.Time
		refused             []rules.ID
	}{
		{"none", "", "", at(9, 30, 0), now, nil},
		{"start", "2017-12-07T12:00:00", "", at(12, 0, 0), at(15, 0, 0), nil},
		{"end", "", "2017-12-07T12:00:00", at(9, 0, 0), at(12, 0, 0), nil},
		{"both", "2017-12-07T12:00:00", "2017-12-07T12:00:01", at(12, 0, 0), at(12, 0, 1), nil},
		{"the longest", "2017-12-07T12:00:00", "2017-12-07T15:00:00", at(12, 0, 0), at(15, 0, 0), nil},
		{"a second more", "2017-12-07T12:00:00", "2017-12-07T15:00:01", at(12, 0, 0), at(15, 0, 1), []rules.ID{rules.EventListPeriod}},
		{"an end before the start", "2017-12-07T12:00:00", "2017-12-07T11:00:00", at(12, 0, 0), at(11, 0, 0), nil},
		{"no seconds", "2017-12-07T12:00", "", at(12, 0, 0), at(15, 0, 0), nil},
		{"a fraction", "2017-12-07T12:00:00.5", "", at(12, 0, 0).Add(time.Second / 2), at(15, 0, 0).Add(time.Second / 2), nil},
		{"a space for the T", "2017-12-07 12:00:00", "", at(12, 0, 0), at(15, 0, 0), nil},
		{"a Z", "2017-12-07T12:00:00Z", "", at(12, 0, 0), at(15, 0, 0), nil},
		{"another zone", "2017-12-07T12:00:00+02:00", "", time.Time{}, time.Time{}, []rules.ID{rules.EventListDate}},
		{"an hour of one digit", "2017-12-07T1:00:00", "", time.Time{}, time.Time{}, []rules.ID{rules.EventListDate}},
		{"a day alone", "2017-12-07", "", time.Time{}, time.Time{}, []rules.ID{rules.EventListDate}},
		{"a day that does not exist", "", "2017-02-30T12:00:00", time.Time{}, time.Time{}, []rules.ID{rules.EventListDateTo}},
		{"both wrong", "x", "y", time.Time{}, time.Time{}, []rules.ID{rules.EventListDate, rules.EventListDateTo}},
	} {
		t.Run(c.title, func(t *testing.T) {
			t.Parallel()
			l := newListing(operation.Caller{Config: cfg, Now: now}, api.ListEventsParams{Date: &c.date, DateTo: &c.dateTo})
			err := operation.Run(t.Context(), listChecks, l)
			if c.refused != nil {
				requireRefused(t, err, c.refused...)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.from, l.filter.from)
			require.Equal(t, c.to, l.filter.to)
		})
	}
}

// Both dates first, then the attribute, then the period.
func TestFilterOrder(t *testing.T) {
	t.Parallel()
	cfg := &config.Config{EventsMaxPeriodHours: 3}
	text := func(s string) *string { return &s }
	for _, c := range []struct {
		params api.ListEventsParams
		rule   rules.ID
	}{
		{api.ListEventsParams{DateTo: text("x"), NewValue: text("stopped")}, rules.EventListDateTo},
		{api.ListEventsParams{Date: text("2017-12-01T00:00:00"), DateTo: text("2017-12-31T00:00:00"), NewValue: text("stopped")}, rules.EventListAttributeName},
	} {
		l := newListing(operation.Caller{Config: cfg}, c.params)
		requireRefused(t, operation.Run(t.Context(), listChecks, l), c.rule)
	}
}
