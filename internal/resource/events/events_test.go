package events_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/events"
	"esoz/internal/platform/postgres"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var mis = world.TokenValue("mis")

// start is a moment in the past that the world has no events of.
var start = time.Date(2017, 12, 7, 12, 0, 0, 0, time.UTC)

func write(t *testing.T, srv *testkit.Server, all ...events.Event) {
	t.Helper()
	require.NoError(t, postgres.InTx(t.Context(), srv.Pool, func(tx pgx.Tx) error {
		for _, e := range all {
			if err := events.Write(t.Context(), tx, e); err != nil {
				return err
			}
		}
		return nil
	}))
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	by := uuid.New()
	event := func(id byte, minute int, kind, entity, attribute string, value any) events.Event {
		return events.Event{
			ID: uuid.UUID{15: id}, Type: kind, EntityType: entity, EntityID: uuid.UUID{0: id}, Attribute: attribute, NewValue: value,
			At: start.Add(time.Duration(minute) * time.Minute), ChangedBy: by,
		}
	}
	write(t, srv,
		event(5, 180, events.StatusChange, "DeviceDispense", "status", "stopped"),
		event(4, 30, events.StateChange, "Contract", "is_suspended", true),
		event(2, 10, events.StateChange, "ServiceRequest", "program_processing_status", "new"),
		event(3, 10, events.StatusChange, "Activity", "detail.status", "completed"),
		event(1, 0, events.StatusChange, "DeviceDispense", "status", "stopped"),
	)

	find := func(query url.Values) (ids []byte, paging map[string]any) {
		t.Helper()
		if !query.Has("date") {
			query.Set("date", "2017-12-07T12:00:00")
		}
		r := srv.Send(t, testkit.As(mis, http.MethodGet, "/api/events?"+query.Encode(), nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		var data []struct{ ID uuid.UUID }
		r.Data(t, &data)
		ids = []byte{}
		for _, e := range data {
			ids = append(ids, e.ID[15])
		}
		return ids, r.Body.Paging
	}
	for _, c := range []struct {
		title string
		query url.Values
		found []byte
	}{
		{"by time, then id; the start belongs to the period, the end does not", url.Values{}, []byte{1, 2, 3, 4}},
		{"the next period", url.Values{"date": {"2017-12-07T15:00:00"}}, []byte{5}},
		{"event_type", url.Values{"event_type": {"StateChangeEvent"}}, []byte{2, 4}},
		{"entity_type", url.Values{"entity_type": {"DeviceDispense"}}, []byte{1}},
		{"entity_type is compared exactly", url.Values{"entity_type": {"devicedispense"}}, []byte{}},
		{"an unknown event_type", url.Values{"event_type": {"x"}}, []byte{}},
		{"attribute_name", url.Values{"attribute_name": {"status"}}, []byte{1}},
		{"an attribute with a dot in its name", url.Values{"attribute_name": {"detail.status"}, "new_value": {"completed"}}, []byte{3}},
		{"new_value", url.Values{"attribute_name": {"status"}, "new_value": {"stopped"}}, []byte{1}},
		{"new_value is compared exactly", url.Values{"attribute_name": {"status"}, "new_value": {"STOPPED"}}, []byte{}},
		{"a value that is no text", url.Values{"attribute_name": {"is_suspended"}, "new_value": {"true"}}, []byte{4}},
		{"an empty filter is none", url.Values{"event_type": {""}, "entity_type": {""}, "attribute_name": {""}, "new_value": {""}}, []byte{1, 2, 3, 4}},
		{"an end before the start", url.Values{"date_to": {"2017-12-07T11:00:00"}}, []byte{}},
	} {
		t.Run(c.title, func(t *testing.T) {
			found, paging := find(c.query)
			require.Equal(t, c.found, found)
			require.EqualValues(t, len(c.found), paging["total_entries"])
			require.EqualValues(t, 1, paging["total_pages"])
		})
	}

	found, paging := find(url.Values{"page": {"2"}, "page_size": {"3"}})
	require.Equal(t, []byte{4}, found)
	require.Equal(t, map[string]any{"page_number": 2.0, "page_size": 3.0, "total_entries": 4.0, "total_pages": 2.0}, paging)
	found, paging = find(url.Values{"page": {"9"}, "page_size": {"3"}})
	require.Empty(t, found)
	require.EqualValues(t, 4, paging["total_entries"])

	r := srv.Send(t, testkit.As(mis, http.MethodGet, "/api/events/"+uuid.UUID{15: 4}.String(), nil))
	require.Equal(t, "list", r.Body.Meta["type"])
	require.JSONEq(t, `[{"id":"00000000-0000-0000-0000-000000000004","event_type":"StateChangeEvent","entity_type":"Contract",
		"entity_id":"04000000-0000-0000-0000-000000000000","properties":{"is_suspended":{"new_value":true}},
		"event_time":"2017-12-07T12:30:00.000000Z","changed_by":"`+by.String()+`"}]`, string(r.Body.Data))
}

func TestListWithoutDatesReadsTheLastHours(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.With("EVENTS_LIST_MAX_PERIOD_HOURS", "2"))
	now := srv.Clock.Now()
	recent, old := uuid.New(), uuid.New()
	for id, at := range map[uuid.UUID]time.Time{recent: now.Add(-119 * time.Minute), old: now.Add(-121 * time.Minute)} {
		write(t, srv, events.Event{
			ID: id, Type: events.StatusChange, EntityType: "Person", EntityID: uuid.New(), Attribute: "status", NewValue: "active", At: at, ChangedBy: uuid.New(),
		})
	}
	r := srv.Send(t, testkit.As(mis, http.MethodGet, "/api/events?entity_type=Person", nil))
	var data []struct{ ID uuid.UUID }
	r.Data(t, &data)
	require.Len(t, data, 1)
	require.Equal(t, recent, data[0].ID)

	r = srv.Send(t, testkit.As(mis, http.MethodGet, "/api/events?date=2017-12-07T12:00:00&date_to=2017-12-07T15:00:00", nil))
	require.Equal(t, http.StatusUnprocessableEntity, r.Status)
	require.Equal(t, "request_malformed", r.Body.Error.Type)
	require.Equal(t, "Period must be less than or equal to 2 hours. Please set allowed period to the query", r.Body.Error.Message)
}
